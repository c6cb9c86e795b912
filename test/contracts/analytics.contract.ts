import { AnalyticsError } from '@mixdesk/analytics'
import { describe, expect, it } from 'vitest'
import {
  block,
  logOf,
  offsetsOf,
  randomDoubles,
  rowsOf,
  start,
  twoDomains,
  type AnalyticsUnderTest,
} from './analytics.builders.js'
import { curveContract } from './analytics.curve.contract.js'
import { sqlContract } from './analytics.sql.contract.js'
import { viewsContract } from './analytics.views.contract.js'

/** What every history does, whatever keeps it. */
export function analyticsContract(under: AnalyticsUnderTest): void {
  describe('the log', () => logContract(under))
  describe('the curves', () => curveContract(under))
  // The memory twin keeps no tables: SQL and views need an engine.
  describe.skipIf(!under.sql)('the views', () => viewsContract(under))
  describe.skipIf(!under.sql)('the SQL', () => sqlContract(under))
}

function logContract({ analytics }: AnalyticsUnderTest): void {
  it('gives back what was written, observations and events, in the order of the log', async () => {
    const { observation, event } = rowsOf('log-order')
    const observations = [
      observation(4, { signals: { refLossSum: [1.5, null], clipped: [0, 2] } }),
      observation(2, { rank: 1, lossSum: [null, 3] }),
    ]
    const runEvents = [
      event(3),
      event(0, {
        name: 'run.started',
        step: -1,
        id: 'it\'s "mine" é',
        data: '{"text":"it\'s \\\\ \\"a\\"\\n\\u0000\\ud800 ü"}',
      }),
    ]
    await analytics().write(block({ observations, runEvents }))
    expect(await logOf(analytics(), 'log-order')).toEqual([
      { kind: 'event', row: runEvents[1] },
      { kind: 'observation', row: observations[1] },
      { kind: 'event', row: runEvents[0] },
      { kind: 'observation', row: observations[0] },
    ])
  })

  it('counts a block once, however often it is written', async () => {
    const { observation, event } = rowsOf('same-block')
    const same = block({ observations: [observation(1), observation(2)], runEvents: [event(3)] })
    for (let i = 0; i < 3; i++) await analytics().write(same)
    expect(offsetsOf(await logOf(analytics(), 'same-block'))).toEqual(['1', '2', '3'])
  })

  it('counts rows once when blocks are cut again elsewhere', async () => {
    const { observation, event } = rowsOf('recut')
    const rows = [0, 1, 2, 3, 4, 5].map((offset) => observation(offset))
    await analytics().write(block({ observations: rows.slice(0, 4), runEvents: [event(6)] }))
    await analytics().write(block({ observations: rows.slice(2), runEvents: [event(6)] }))
    expect(offsetsOf(await logOf(analytics(), 'recut'))).toEqual(['0', '1', '2', '3', '4', '5', '6'])
  })

  it('keeps two different blocks apart although their token is the same by mistake', async () => {
    const { observation } = rowsOf('token-twice')
    await analytics().write(block({ token: 'mistake', observations: [observation(1)] }))
    await analytics().write(block({ token: 'mistake', observations: [observation(2), observation(3)] }))
    expect(offsetsOf(await logOf(analytics(), 'token-twice'))).toEqual(['1', '2', '3'])
  })

  it('keeps the first arrival of a step and rank, also when it is written last', async () => {
    const { observation } = rowsOf('first-arrival')
    const say = (offset: number, loss: number) => observation(offset, { step: 7, lossSum: [loss, loss] })
    await analytics().write(block({ observations: [say(50, 50), say(40, 40)] }))
    await analytics().write(block({ observations: [say(10, 10)] }))
    await analytics().write(block({ observations: [say(90, 90)] }))
    const log = await logOf(analytics(), 'first-arrival')
    expect(log.map(({ row }) => [row.offset, 'lossSum' in row && row.lossSum])).toEqual([['10', [10, 10]]])
    // A window of the log that holds only the later arrival does not bring it back to life.
    expect(await logOf(analytics(), 'first-arrival', { afterOffset: '20' })).toEqual([])
  })

  it('reads on after an offset, in pages no longer than asked for, and misses nothing between them', async () => {
    const { observation, event } = rowsOf('paging')
    // Offsets of a shared partition: far apart, unevenly.
    const offsets = Array.from({ length: 60 }, (_, i) => i * 3 + (i > 30 ? 5_000_000 : 0))
    await analytics().write(
      block({
        observations: offsets.filter((_, i) => i % 5 > 0).map((offset) => observation(offset)),
        runEvents: offsets.filter((_, i) => i % 5 === 0).map((offset) => event(offset)),
      }),
    )
    for (const pageRows of [1, 7, 20, 100_000]) {
      const seen: string[] = []
      for await (const page of analytics().readLog('paging', { pageRows, afterOffset: String(offsets[9]) })) {
        expect(page.length).toBeLessThanOrEqual(2 * pageRows)
        seen.push(...offsetsOf(page))
      }
      expect(seen).toEqual(offsets.slice(10).map(String))
    }
  })

  it('lets a reader stop early', async () => {
    const { observation } = rowsOf('early')
    await analytics().write(block({ observations: Array.from({ length: 50 }, (_, i) => observation(i)) }))
    for await (const page of analytics().readLog('early', { pageRows: 5 })) {
      expect(page.length).toBeGreaterThan(0)
      break
    }
    await analytics().ping()
  })

  it('knows nothing of a run it never heard of', async () => {
    expect(await logOf(analytics(), "no'such\\run")).toEqual([])
    expect(await analytics().curve("no'such\\run")).toEqual([])
    expect(await analytics().runStarted("no'such\\run")).toBeUndefined()
  })

  it('gives back a hundred thousand doubles to the bit, subnormals and the largest among them', async () => {
    const seed = 20_261_122
    const numbers = randomDoubles(seed, 100_000)
    const { observation } = rowsOf('bits')
    const size = 1000
    const domains = Array.from({ length: size }, (_, i) => i)
    const observations = Array.from({ length: numbers.length / size }, (_, i) => {
      const lossSum = numbers.slice(i * size, (i + 1) * size)
      return observation(i, {
        domains,
        lossSum,
        tokens: domains.map((d) => (d % 2 === 0 ? d : Number.MAX_SAFE_INTEGER - d)),
        sequences: [],
        signals: { mirrored: lossSum.map((x) => -x) },
      })
    })
    await analytics().write(block({ observations }))
    const log = await logOf(analytics(), 'bits')
    expect(log.length).toBe(observations.length)
    for (const [i, entry] of log.entries()) {
      const row = entry.row as (typeof observations)[number]
      const wanted = observations[i]!
      const differs = row.lossSum.findIndex(
        (x, d) =>
          !Object.is(x, wanted.lossSum[d]) ||
          row.signals['mirrored']![d] !== wanted.signals['mirrored']![d] ||
          row.tokens[d] !== wanted.tokens[d],
      )
      expect(differs, `seed ${seed}, observation ${i}`).toBe(-1)
    }
  })

  it('finds how a run started: its first word counts', async () => {
    const { event } = rowsOf('started')
    const data = JSON.stringify({
      run: 'started',
      project: 'p',
      attempt: 1,
      domains: twoDomains,
      policy: { name: 'odm' },
      ranks: 2,
    })
    await analytics().write(
      block({
        runEvents: [
          event(5, { name: 'run.started', data: '{"second":true}' }),
          event(2, { name: 'run.started', data }),
          event(1),
        ],
      }),
    )
    expect(await analytics().runStarted('started')).toEqual(JSON.parse(data))
    expect(await analytics().resumes('started')).toEqual([])
  })

  it('tells every resume of a run, in log order', async () => {
    const event = rowsOf('resumed').event
    const resumed = (attempt: number, offset: number) =>
      event(offset, {
        name: 'run.resumed',
        attempt,
        data: JSON.stringify({ run: 'resumed', attempt, step: 3 }),
      })
    await analytics().write(block({ runEvents: [resumed(3, 9), resumed(2, 4), event(1)] }))
    expect((await analytics().resumes('resumed')).map(({ attempt }) => attempt)).toEqual([2, 3])
  })

  it('takes an empty block, and refuses to work when it is not open', async () => {
    await analytics().write(block({}))
    await analytics().stop()
    await expect(
      analytics().write(block({ observations: [rowsOf('closed').observation(1)] })),
    ).rejects.toMatchObject({ code: 'unavailable', retriable: true })
    await expect(analytics().ping()).rejects.toBeInstanceOf(AnalyticsError)
    await analytics().start()
    await analytics().ping()
  })

  it('keeps what it has over a restart', async () => {
    const { observation, fact } = rowsOf('restart')
    await analytics().write(
      block({
        observations: [observation(1)],
        ledger: [fact(1, 'RunStarted', { ...start, domains: twoDomains })],
      }),
    )
    await analytics().stop()
    await analytics().start()
    expect(offsetsOf(await logOf(analytics(), 'restart'))).toEqual(['1'])
    expect((await analytics().curve('restart')).map(({ domain }) => domain)).toEqual(['code', 'web'])
  })
}
