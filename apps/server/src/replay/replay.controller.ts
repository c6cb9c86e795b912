import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger'
import { Guards, show } from '@mixdesk/contracts'
import { Value } from '@sinclair/typebox/value'
import type { FastifyReply } from 'fastify'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { parseRequest } from '../platform/parse-request.js'
import { ProblemException } from '../platform/problem.js'
import { Replays, type ReplayLine } from './replays.js'

const body = z.strictObject({
  policy: z.string().min(1).max(128).optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  guards: z.record(z.string(), z.unknown()).optional(),
  cadence: z.number().int().min(1).optional(),
})

@ApiTags('runs')
@Controller('v1/runs/:run/replay')
export class ReplayController {
  constructor(private readonly replays: Replays) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary:
      'Replays a recorded run: with its own policy, to prove the decisions; with another, to see what it would have asked for.',
  })
  @ApiBody({
    schema: {
      type: 'object',
      properties: {
        policy: { type: 'string' },
        config: { type: 'object' },
        guards: { type: 'object' },
        cadence: { type: 'integer' },
      },
    },
  })
  @ApiProduces('application/x-ndjson')
  async replay(
    @Param('run') run: string,
    @Body() request: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { policy, config, guards, cadence } = parseRequest(body, request ?? {})
    if (policy === undefined && (config !== undefined || guards !== undefined || cadence !== undefined))
      throw new ProblemException(
        400,
        'config, guards and cadence belong to another policy; name it in `policy`.',
      )
    if (guards !== undefined && !Value.Check(Guards, guards))
      throw new ProblemException(
        422,
        `guards: ${Value.Errors(Guards, guards).First()?.message ?? 'not as expected'}, got ${show(guards)}.`,
      )
    const lines = this.replays.replay(
      run,
      policy === undefined
        ? { kind: 'same' }
        : {
            kind: 'other',
            policy,
            ...(config === undefined ? {} : { config }),
            ...(guards === undefined ? {} : { guards }),
            ...(cadence === undefined ? {} : { cadence }),
          },
    )
    // The first line comes after everything that can be refused has been checked, so that a refusal still has its status.
    const first = await lines.next()
    await reply.header('content-type', 'application/x-ndjson').send(Readable.from(asText(first, lines)))
  }
}

async function* asText(
  first: IteratorResult<ReplayLine, void>,
  rest: AsyncGenerator<ReplayLine>,
): AsyncGenerator<string> {
  try {
    if (first.done !== true) yield `${JSON.stringify(first.value)}\n`
    for await (const line of rest) yield `${JSON.stringify(line)}\n`
  } catch (error) {
    yield `${JSON.stringify({ problem: { detail: error instanceof Error ? error.message : String(error) } })}\n`
  }
}
