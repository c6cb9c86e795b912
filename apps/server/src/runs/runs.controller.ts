import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common'
import {
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger'
import type { Analytics } from '@mixdesk/analytics'
import { MixtureSet } from '@mixdesk/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { parseRequest } from '../platform/parse-request.js'
import { ProblemException } from '../platform/problem.js'
import { ANALYTICS } from '../platform/tokens.js'
import { Runs } from './runs.service.js'

const listQuery = z.strictObject({
  project: z.string().max(128).optional(),
  status: z.enum(['running', 'completed', 'failed', 'stopped', 'refused']).optional(),
  search: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  after: z.string().max(1024).optional(),
})
const mixtureQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  wait: z.coerce.number().min(0).max(60).default(0),
})
const decisionsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})
const curveQuery = z.strictObject({
  points: z.coerce.number().int().min(1).max(10_000).default(500),
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
})

const compact = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

@ApiTags('runs')
@Controller('v1/runs')
export class RunsController {
  constructor(
    private readonly runs: Runs,
    @Inject(ANALYTICS) private readonly analytics: Analytics | undefined,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Runs, newest first.' })
  @ApiQuery({ name: 'project', required: false })
  @ApiQuery({
    name: 'status',
    required: false,
    enum: ['running', 'completed', 'failed', 'stopped', 'refused'],
  })
  @ApiQuery({ name: 'search', required: false, description: 'Text in name, project, tags or notes.' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'after', required: false, description: '`next` of the page before.' })
  @ApiOkResponse({ description: '{ runs, next? }' })
  list(@Query() query: unknown) {
    return this.runs.list(compact(parseRequest(listQuery, query)))
  }

  @Get(':run')
  @ApiParam({ name: 'run' })
  @ApiOperation({
    summary:
      'One run: its settings, state and counts, who opened its present attempt, and warnings in sentences.',
  })
  show(@Param('run') run: string) {
    return this.runs.show(run)
  }

  @Get(':run/mixture')
  @ApiOperation({ summary: "The run's newest mixture, as a trainer gets it." })
  @ApiQuery({
    name: 'after',
    required: false,
    description: 'Only a mixture with a higher version; 204 when there is none.',
  })
  @ApiQuery({ name: 'wait', required: false, description: 'Seconds to wait for one, at most 60.' })
  @ApiOkResponse({ schema: MixtureSet as never })
  @ApiNoContentResponse({ description: 'Nothing newer.' })
  async mixture(
    @Param('run') run: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { after, wait } = parseRequest(mixtureQuery, query)
    const gone = new AbortController()
    request.raw.once('close', () => gone.abort())
    const mixture = await this.runs.mixture(run, after, wait * 1000, gone.signal)
    if (mixture === undefined) reply.status(204)
    return mixture
  }

  @Get(':run/decisions')
  @ApiOperation({
    summary:
      'Decisions with their reasons, holds, and what people did; newest first, or from `after` on in order.',
  })
  @ApiQuery({ name: 'after', required: false, description: 'Version in the stream to go on from.' })
  @ApiQuery({ name: 'limit', required: false })
  async decisions(@Param('run') run: string, @Query() query: unknown) {
    const { after, limit } = parseRequest(decisionsQuery, query)
    return {
      decisions: await this.runs.decisions(run, {
        limit,
        ...(after === undefined ? {} : { afterVersion: after }),
      }),
    }
  }

  @Get(':run/curve')
  @ApiOperation({
    summary: 'Mean loss by domain over steps, nats per token, ranks merged, superseded attempts left out.',
  })
  @ApiQuery({ name: 'points', required: false, description: 'Most points a domain.' })
  @ApiQuery({ name: 'from', required: false, description: 'First step.' })
  @ApiQuery({ name: 'to', required: false, description: 'Last step.' })
  async curve(@Param('run') run: string, @Query() query: unknown) {
    const { points, from, to } = parseRequest(curveQuery, query)
    await this.runs.find(run)
    if (this.analytics === undefined)
      throw new ProblemException(503, 'This process has no history; ask the one with the role history.')
    return {
      points: await this.analytics.curve(run, {
        points,
        ...(from === undefined ? {} : { fromStep: from }),
        ...(to === undefined ? {} : { toStep: to }),
      }),
    }
  }
}
