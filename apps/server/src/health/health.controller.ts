import { Controller, Get, Inject, Res } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import type { Analytics } from '@mixdesk/analytics'
import type { EventStore } from '@mixdesk/event-store'
import type { Messaging } from '@mixdesk/messaging'
import type { FastifyReply } from 'fastify'
import type { Config } from '../config.js'
import { HistoryWriter } from '../history/history-writer.js'
import { Intake } from '../intake/intake.js'
import { METRICS, type Metrics } from '../platform/metrics.js'
import { ANALYTICS, CONFIG, EVENT_STORE, MESSAGING } from '../platform/tokens.js'
import { Lag } from './lag.js'

type Check = { readonly name: string; readonly ok: boolean; readonly because?: string }

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(ANALYTICS) private readonly analytics: Analytics | undefined,
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly intake: Intake,
    private readonly history: HistoryWriter,
    private readonly lag: Lag,
  ) {}

  @Get('healthz')
  @ApiOperation({ summary: 'The process is alive.' })
  alive() {
    return { status: 'ok' }
  }

  @Get('readyz')
  @ApiOperation({
    summary:
      'The process can do its work: engines answer, consumers run; with the lag of each group. 503 when not.',
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const roles = this.config.MIXDESK_ROLES
    const { analytics } = this
    const checks = await Promise.all([
      check('kafka', () => this.messaging.ping()),
      check('postgres', () => this.store.ping()),
      ...(analytics === undefined ? [] : [check('history engine', () => analytics.ping())]),
    ])
    if (roles.includes('mixture')) checks.push(consumerCheck('mixture consumer', this.intake.health()))
    if (roles.includes('history'))
      checks.push(consumerCheck('history consumer', this.history.health(), this.history.fault))
    const lag = await this.lag.measure().catch(() => undefined)
    const ok = checks.every((one) => one.ok)
    reply.status(ok ? 200 : 503)
    return { status: ok ? 'ready' : 'not ready', roles, checks, ...(lag === undefined ? {} : { lag }) }
  }

  @Get('metrics')
  @ApiOperation({ summary: 'Numbers for Prometheus.' })
  async prometheus(@Res() reply: FastifyReply): Promise<void> {
    await this.lag.measure().catch(() => undefined)
    await reply
      .header('content-type', this.metrics.registry.contentType)
      .send(await this.metrics.registry.metrics())
  }
}

const answerWithinMs = 5000
async function check(name: string, work: () => Promise<void>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>(
      (_, reject) =>
        (timer = setTimeout(
          () => reject(new Error(`no answer within ${answerWithinMs} ms`)),
          answerWithinMs,
        )),
    )
    await Promise.race([work(), late])
    return { name, ok: true }
  } catch (error) {
    return { name, ok: false, because: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}

function consumerCheck(
  name: string,
  health: { readonly state: string; readonly because?: string } | undefined,
  fault?: string,
): Check {
  if (fault !== undefined) return { name, ok: false, because: fault }
  const ok = health?.state === 'running' || health?.state === 'rebalancing'
  return ok ? { name, ok } : { name, ok, because: health?.because ?? health?.state ?? 'not started' }
}
