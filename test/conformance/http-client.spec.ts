import { checkClient, type Report } from '@mixdesk/conformance'
import { describe, expect, it } from 'vitest'
import { soundHttp, trainOverHttp, type HttpHabits } from './http-client.js'
import { broken, patienceMs, told, untried } from './verdict.js'

let count = 0
async function check(habits: Partial<HttpHabits>): Promise<Report> {
  const run = `http-${count++}`
  const stopping = new AbortController()
  return checkClient({
    run,
    over: { port: 0 },
    patienceMs,
    start: ({ url }) => ({
      ended: trainOverHttp(url!, run, { ...soundHttp, ...habits }, stopping.signal),
      kill: () => stopping.abort(),
    }),
  })
}
type Mutant = { what: string; rule: string; also?: string[]; habits: Partial<HttpHabits> }
const mutants: Mutant[] = [
  {
    what: 'a client that drops what was not taken',
    rule: 'http.retry',
    habits: { again: () => undefined },
  },
  {
    what: 'a client that makes new ids when it tries again',
    rule: 'http.retry',
    habits: { again: (events) => events.map((event, i) => ({ ...event, id: `again-${i}` })) },
  },
  {
    what: 'a client that posts plain JSON',
    rule: 'http.content-type',
    habits: { contentType: 'application/json' },
  },
  {
    what: 'a client that always asks from the beginning',
    rule: 'http.poll',
    habits: { query: () => '?after=0&wait=5' },
  },
  {
    what: 'a client that wants to wait for an hour',
    rule: 'http.poll',
    habits: { query: (newest) => `?after=${newest}&wait=3600` },
  },
  {
    what: 'a client that writes NaN',
    rule: 'event.finite',
    also: ['losses.ranks'],
    habits: { body: (events) => JSON.stringify(events).replace(/("step":5,.*?"lossSum":\[)[^,]+/, '$1NaN') },
  },
  {
    what: 'a client without sources',
    rule: 'event.headers',
    habits: { body: (events) => JSON.stringify(events.map((event) => ({ ...event, source: undefined }))) },
  },
]

describe('the conformance kit for clients without Kafka', () => {
  it('finds nothing wrong with a sound one, and has tried every rule of HTTP', async () => {
    const report = await check({})
    expect(told(report)).toEqual([])
    expect(report).toMatchObject({ ok: true, transports: ['http'] })
    const left = untried(report)
    expect(left.filter((rule) => !rule.startsWith('kafka.'))).toEqual(
      ['mixture.same-step', 'refuse.usable'].filter((rule) => left.includes(rule)),
    )
  })

  it.each(mutants)('$what breaks $rule', async ({ rule, also = [], habits }) => {
    const report = await check(habits)
    expect(broken(report), told(report).join('\n')).toContain(rule)
    expect(
      broken(report).filter((one) => one !== rule && !also.includes(one)),
      told(report).join('\n'),
    ).toEqual([])
  })
})
