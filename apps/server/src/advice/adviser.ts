import { Inject, Injectable, Logger } from '@nestjs/common'
import type { Agents } from '@mixdesk/agent'
import { cloudEventHeaders, digestOf, topics, typeOf, type AdviceGiven } from '@mixdesk/contracts'
import type { Messaging } from '@mixdesk/messaging'
import type { RunDesk } from '@mixdesk/mixture'
import { join } from 'node:path'
import type { Config } from '../config.js'
import { METRICS, type Metrics } from '../platform/metrics.js'
import { CONFIG, MESSAGING } from '../platform/tokens.js'

type Wanted = NonNullable<ReturnType<RunDesk['wants']>>

const longestReason = 4096

/**
 * Asks learned agents what the policies of runs want to know, beside the path of decisions, and puts the answers into the
 * logs of those runs. It keeps nothing that counts: the question is in a run's state, the answer in its log, and what is
 * asked twice is answered twice and counted once.
 */
@Injectable()
export class Adviser {
  private readonly logger = new Logger('advice')
  /** The question last asked for a run, so that it is not asked with every step until the answer has come round. */
  private readonly asked = new Map<string, string>()
  private readonly asking = new Set<Promise<void>>()
  private agents: Promise<Agents> | undefined

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** A desk has advanced: asks what it wants to know, if anything new. */
  consider({ run, wants }: Pick<RunDesk, 'run' | 'wants'>): void {
    const wanted = wants()
    if (wanted === undefined) {
      this.asked.delete(run)
      return
    }
    const question = `${wanted.attempt}:${wanted.step}:${wanted.source}`
    if (this.asked.get(run) === question) return
    this.asked.set(run, question)
    const asking = this.ask(run, wanted)
      .catch((error: unknown) => {
        // The answer is not in the log: the next step asks again.
        if (this.asked.get(run) === question) this.asked.delete(run)
        this.logger.warn(
          `${run}: the answer to its question at step ${wanted.step} was not sent: ${String(error)}`,
        )
      })
      .finally(() => this.asking.delete(asking))
    this.asking.add(asking)
  }

  /** Finishes what is being asked. */
  async stop(): Promise<void> {
    await Promise.all(this.asking)
    await this.agents?.then(
      (agents) => agents.close(),
      () => undefined,
    )
  }

  private async ask(run: string, wanted: Wanted): Promise<void> {
    const { attempt, step, source } = wanted
    const answer = await this.answerTo(wanted)
    const data: AdviceGiven = { run, attempt, step, source, ...answer }
    if (answer.because !== undefined) this.logger.warn(`${run}: no advice at step ${step}: ${answer.because}`)
    this.metrics.advice.inc({ outcome: answer.because === undefined ? 'answered' : 'unanswered' })
    const headers = cloudEventHeaders({
      id: digestOf({ run, attempt, step, source }),
      type: typeOf('advice.given'),
      source: 'mixdesk/advice',
      time: new Date().toISOString(),
    })
    await this.messaging.send(topics.trainerEvents, [{ key: run, headers, value: JSON.stringify(data) }])
  }

  private async answerTo(wanted: Wanted): Promise<Pick<AdviceGiven, 'values' | 'because'>> {
    const without = (because: string) => ({ values: [], because: because.slice(0, longestReason) })
    try {
      const agents = await (this.agents ??= this.load())
      const values = await agents.answer(wanted)
      if (values.length === 0) return without('It answered with nothing.')
      // JSON has no other numbers.
      if (!values.every(Number.isFinite)) return without('It answered with a number that is not finite.')
      return { values: [...values] }
    } catch (error) {
      return without(error instanceof Error ? error.message : String(error))
    }
  }

  /** Not before somebody asks: the runtime of models is heavy, and most runs need none. */
  private async load(): Promise<Agents> {
    const { createAgents, shippedModels } = await import('@mixdesk/agent')
    const { MIXDESK_MODELS: models, MIXDESK_HOME: home } = this.config
    return createAgents([models ?? join(home, 'models'), shippedModels])
  }
}
