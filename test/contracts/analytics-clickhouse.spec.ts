import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClickHouseAnalytics } from '@mixdesk/analytics'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { block, rowsOf } from './analytics.builders.js'
import { analyticsContract } from './analytics.contract.js'

// A server is used where one is given: MIXDESK_TEST_CLICKHOUSE_URL=http://user:password@host:8123
const url = process.env['MIXDESK_TEST_CLICKHOUSE_URL']

describe.skipIf(url === undefined)(
  'the history on a ClickHouse server (skipped without MIXDESK_TEST_CLICKHOUSE_URL)',
  { timeout: 180_000 },
  () => {
    const analytics = createClickHouseAnalytics({ url: url ?? '', database: `mixdesk_test_${process.pid}` })
    beforeAll(() => analytics.start())
    afterAll(() => analytics.stop())

    analyticsContract({ analytics: () => analytics, sql: true })
  },
)

type Heard = {
  readonly query: string
  readonly parameters: URLSearchParams
  readonly body: string
  readonly url: string
}

// Without a server: what would be sent to one.
describe('what a ClickHouse server is asked', () => {
  const heard: Heard[] = []
  let answer = { status: 200, body: '', code: '' }
  const server = createServer(
    (request, response) =>
      void reply(request).then(() =>
        response
          .writeHead(answer.status, answer.code === '' ? {} : { 'x-clickhouse-exception-code': answer.code })
          .end(answer.body),
      ),
  )
  // It hangs up on nobody: after a while without a word it would, in the very moment in which the next word comes.
  server.keepAliveTimeout = 0
  async function reply(request: IncomingMessage): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
    let body = ''
    for await (const chunk of request) body += String(chunk)
    heard.push({ query: searchParams.get('query') ?? body, parameters: searchParams, body, url: pathname })
  }
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => void server.close())

  async function opened(options: { readonlyUrl?: string } = {}) {
    answer = { status: 200, body: '', code: '' }
    const analytics = createClickHouseAnalytics({ url: address(), ...options })
    await analytics.start()
    heard.length = 0
    return analytics
  }

  it('creates the database, then runs the migrations in it', async () => {
    heard.length = 0
    const analytics = createClickHouseAnalytics({ url: address() })
    await analytics.start()
    await analytics.stop()
    expect(heard[0]!.query).toContain('CREATE DATABASE IF NOT EXISTS `mixdesk`')
    const migrations = heard.filter(({ query }) => query.includes('CREATE') && query.includes('observations'))
    expect(migrations.length).toBeGreaterThan(0)
    expect(migrations.every(({ parameters }) => parameters.get('database') === 'mixdesk')).toBe(true)
  })

  it('inserts with its settings in the statement, under a token, and the rows as the body', async () => {
    const analytics = await opened()
    await analytics.write(block({ token: 'topic-3-10-20', observations: [rowsOf('wire').observation(7)] }))
    await analytics.stop()
    expect(heard.length).toBe(1)
    expect(heard[0]!.query).toMatch(
      /^INSERT INTO observations \(project, run, .*, offset\) SETTINGS .*insert_deduplication_token = 'topic-3-10-20\/observations\/\d+'.* FORMAT JSONCompactEachRow/s,
    )
    expect(heard[0]!.body).toBe(
      '["p","wire",1,7,0,0,"AAABAA==","AAAAAAAAJEAAAAAAAAA0QA==","AAAAAAAANEAAAAAAAABOQA==","AAAAAAAA8D8AAAAAAAAAQA==",[],[],1700000000007,3,7]\n',
    )
  })

  it('reads people’s SQL with limits and read-only, or with no settings at all as the read-only user', async () => {
    const result = '{"meta":[{"name":"1","type":"UInt8"}],"data":[[1]],"rows":1}'
    const limited = await opened()
    answer = { status: 200, body: result, code: '' }
    expect((await limited.sql('SELECT 1', { maxRows: 5 })).rows).toEqual([[1]])
    await limited.stop()
    expect(heard[0]!.query).toContain('SELECT * FROM (\nSELECT 1\n) LIMIT 6')
    expect(heard[0]!.parameters.get('readonly')).toBe('1')
    expect(heard[0]!.parameters.get('max_execution_time')).toBe('30')

    const own = await opened({ readonlyUrl: address().replace('http://', 'http://reader:secret@') })
    answer = { status: 200, body: result, code: '' }
    await own.sql('SELECT 1')
    await own.stop()
    const names = [...heard[0]!.parameters.keys()].filter(
      (name) => !['query', 'query_id', 'database'].includes(name),
    )
    expect(names).toEqual([])
  })

  it.each([
    {
      status: 503,
      code: 'TOO_MANY_PARTS',
      body: 'Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)',
      want: { code: 'unavailable', retriable: true },
    },
    {
      status: 500,
      code: '243',
      body: 'Code: 243. DB::Exception: Disk full. (NOT_ENOUGH_SPACE)',
      want: { code: 'unavailable', retriable: true },
    },
    {
      status: 502,
      code: '',
      body: '<html>Bad Gateway</html>',
      want: { code: 'unavailable', retriable: true },
    },
    {
      status: 400,
      code: '27',
      body: 'Code: 27. DB::Exception: Cannot parse input. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)',
      want: { code: 'internal', retriable: false },
    },
  ])('says of $body whether trying again can help', async ({ status, code, body, want }) => {
    const analytics = await opened()
    answer = { status, code, body }
    await expect(
      analytics.write(block({ observations: [rowsOf('fails').observation(1)] })),
    ).rejects.toMatchObject(want)
    await analytics.stop()
  })

  it('calls a server that is not there unavailable', async () => {
    const analytics = createClickHouseAnalytics({ url: 'http://127.0.0.1:9' })
    await expect(analytics.start()).rejects.toMatchObject({ code: 'unavailable', retriable: true })
  })
})
