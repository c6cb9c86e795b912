import { Body, Controller, Inject, Param, Post, Res } from '@nestjs/common'
import { ApiOperation, ApiTags } from '@nestjs/swagger'
import { cloudEventHeaders, topics, typeOf } from '@mixdesk/contracts'
import type { Messaging } from '@mixdesk/messaging'
import { problemsOfRequest, type PersonsRequest } from '@mixdesk/mixture'
import type { FastifyReply } from 'fastify'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { parseRequest } from '../platform/parse-request.js'
import { ProblemException } from '../platform/problem.js'
import { MESSAGING } from '../platform/tokens.js'
import { Runs } from './runs.service.js'

const who = {
  by: z.string().min(1).max(256).default('api'),
  because: z.string().max(4096).default(''),
  requestId: z.string().min(1).max(128).optional(),
}
const bare = z.strictObject(who)
const override = z.strictObject({
  ...who,
  weights: z.union([z.array(z.number().min(0)).min(1), z.record(z.string(), z.number().min(0))]),
})
const answerWithinMs = 10_000

/**
 * What people ask of a run. The request goes into the run's log, like everything else that decides, and the ledger's
 * answer comes back; 202 when it takes longer than ten seconds.
 */
@ApiTags('runs')
@Controller('v1/runs/:run')
export class RequestsController {
  constructor(
    private readonly runs: Runs,
    @Inject(MESSAGING) private readonly messaging: Messaging,
  ) {}

  @Post('freeze')
  @ApiOperation({
    summary: 'Keep the mixture as it is; the policy goes on watching. Body: { by?, because?, requestId? }.',
  })
  freeze(@Param('run') run: string, @Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.ask(
      { name: 'freeze.requested', data: identified(run, parseRequest(bare, body ?? {})) },
      reply,
    )
  }

  @Post('thaw')
  @ApiOperation({ summary: 'Let the policy decide again. Body: { by?, because?, requestId? }.' })
  thaw(@Param('run') run: string, @Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.ask({ name: 'thaw.requested', data: identified(run, parseRequest(bare, body ?? {})) }, reply)
  }

  @Post('override')
  @ApiOperation({
    summary:
      'Set the mixture. Body: { weights: [number a domain] | { domain: number }, by?, because?, requestId? }.',
  })
  async override(
    @Param('run') run: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { weights, ...rest } = parseRequest(override, body)
    const { domains } = await this.runs.find(run)
    return this.ask(
      {
        name: 'override.requested',
        data: {
          ...identified(run, rest),
          weights: Array.isArray(weights) ? weights : byDomain(weights, domains),
        },
      },
      reply,
    )
  }

  private async ask(request: PersonsRequest, reply: FastifyReply) {
    const { run, requestId } = request.data
    const row = await this.runs.find(run)
    const problems = problemsOfRequest(
      {
        status: row.status,
        frozen: row.frozen ? { by: 'somebody', because: '' } : null,
        domains: row.domains.map((name) => ({ name })),
      },
      request,
    )
    if (problems.length > 0)
      throw new ProblemException(
        request.name === 'override.requested' && row.status === 'running' ? 422 : 409,
        problems.join(' '),
        { problems },
      )
    const headers = cloudEventHeaders({
      id: requestId,
      type: typeOf(request.name),
      source: 'mixdesk/http',
      time: new Date().toISOString(),
    })
    await this.messaging.send(topics.trainerEvents, [
      { key: run, headers, value: JSON.stringify(request.data) },
    ])
    const answer = await this.runs.answerTo(run, requestId, answerWithinMs)
    if (answer === undefined) {
      reply.status(202)
      return { requestId, detail: 'The request is in the log; the ledger has not answered yet.' }
    }
    if (answer.type === 'RequestRefused')
      throw new ProblemException(409, answer.data.problems.join(' '), { problems: answer.data.problems })
    reply.status(200)
    return answer
  }
}

const identified = (
  run: string,
  { by, because, requestId }: { by: string; because: string; requestId?: string | undefined },
) => ({ run, by, because, requestId: requestId ?? randomUUID() })

function byDomain(weights: { readonly [domain: string]: number }, domains: readonly string[]): number[] {
  const unknown = Object.keys(weights).filter((name) => !domains.includes(name))
  const missing = domains.filter((name) => !Object.hasOwn(weights, name))
  if (unknown.length > 0 || missing.length > 0)
    throw new ProblemException(
      422,
      `weights: one number for each of ${domains.join(', ')} was expected.${unknown.length > 0 ? ` Unknown: ${unknown.join(', ')}.` : ''}${missing.length > 0 ? ` Missing: ${missing.join(', ')}.` : ''}`,
    )
  return domains.map((name) => weights[name]!)
}
