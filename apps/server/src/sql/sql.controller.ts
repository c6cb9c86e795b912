import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common'
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger'
import type { Analytics } from '@mixdesk/analytics'
import { z } from 'zod'
import { parseRequest } from '../platform/parse-request.js'
import { ProblemException } from '../platform/problem.js'
import { ANALYTICS } from '../platform/tokens.js'

const body = z.strictObject({
  sql: z.string().min(1).max(100_000),
  maxRows: z.number().int().min(1).max(100_000).optional(),
})

/** People's questions to the history: read-only, limited. */
@ApiTags('sql')
@Controller('v1/sql')
export class SqlController {
  constructor(@Inject(ANALYTICS) private readonly analytics: Analytics | undefined) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'One SELECT over the history: the views `losses` and `mixtures`, and the tables below them.',
  })
  @ApiBody({
    schema: {
      type: 'object',
      required: ['sql'],
      properties: {
        sql: { type: 'string', example: 'SELECT domain, avg(loss) FROM losses GROUP BY domain' },
        maxRows: { type: 'integer' },
      },
    },
  })
  ask(@Body() request: unknown) {
    const { sql, maxRows } = parseRequest(body, request)
    if (this.analytics === undefined)
      throw new ProblemException(503, 'This process has no history; ask the one with the role history.')
    return this.analytics.sql(sql, maxRows === undefined ? {} : { maxRows })
  }
}
