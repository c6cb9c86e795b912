import supertest from 'supertest'
import type { LedgerData, LedgerEnvelope, TrainerEvent } from '@mixdesk/contracts'
import { assertExactlyOnce } from './invariants.js'
import { eventually } from './eventually.js'

/** Rows of a question to the history. */
export async function askSql(url: string, sql: string): Promise<unknown[][]> {
  const { status, body } = (await supertest(url).post('/v1/sql').send({ sql, maxRows: 100_000 })) as {
    status: number
    body: { rows: unknown[][]; detail?: string }
  }
  if (status !== 200) throw new Error(body.detail ?? `status ${status}`)
  return body.rows
}

/** Waits until the history has every observation among the events, and none twice or made up. */
export async function expectObservationsOnce(
  url: string,
  run: string,
  events: readonly TrainerEvent[],
  timeoutMs = 120_000,
): Promise<void> {
  const expected = new Set(
    events.flatMap((event) =>
      event.name === 'losses.measured' && event.data.run === run
        ? [`${event.data.attempt}/${event.data.step}/${event.data.rank}`]
        : [],
    ),
  )
  await eventually(
    async () => {
      const rows = await askSql(
        url,
        `SELECT attempt, step, rank, count() AS times FROM observations FINAL WHERE run = '${run}' GROUP BY attempt, step, rank`,
      )
      assertExactlyOnce(
        rows.map(([attempt, step, rank, times]) => ({
          key: `${String(attempt)}/${String(step)}/${String(rank)}`,
          times: Number(times),
        })),
        [...expected],
      )
      return true
    },
    `every observation of ${run} exactly once in the history`,
    timeoutMs,
  )
}

/**
 * Waits until the history has all that the events say, what is not a loss as well: a block of it may come later than the
 * losses. A replay asks for everything at once.
 */
export async function expectRecorded(
  url: string,
  run: string,
  events: readonly TrainerEvent[],
): Promise<void> {
  await expectObservationsOnce(url, run, events)
  const names = events.flatMap(({ name, data }) =>
    name !== 'losses.measured' && data.run === run ? [name] : [],
  )
  const sql = `SELECT name, count() FROM run_events FINAL WHERE run = '${run}' GROUP BY name`
  await eventually(async () => {
    const found = new Map((await askSql(url, sql)).map(([name, times]) => [String(name), Number(times)]))
    const missing = names.find((name) => (found.get(name) ?? 0) < names.filter((one) => one === name).length)
    if (missing !== undefined) throw new Error(`${missing} of ${run} is not there`)
    return true
  }, `all that was said of ${run} in the history`)
}

/** Everything the ledger says of a run, in order. */
export async function decisionsOf(url: string, run: string): Promise<LedgerEnvelope[]> {
  const all: LedgerEnvelope[] = []
  for (;;) {
    const after = all.at(-1)?.version ?? 0
    const { decisions } = await eventually(async () => {
      const { status, body } = (await supertest(url)
        .get(`/v1/runs/${encodeURIComponent(run)}/decisions`)
        .query({ after, limit: 1000 })) as { status: number; body: { decisions: LedgerEnvelope[] } }
      if (status !== 200) throw new Error(`status ${status}`)
      return body
    }, `the decisions of ${run}`)
    if (decisions.length === 0) return all
    all.push(...decisions)
  }
}

export const mixturesDecided = (facts: readonly LedgerEnvelope[]): LedgerData<'MixtureDecided'>[] =>
  facts.flatMap((fact) => (fact.type === 'MixtureDecided' ? [fact.data] : []))
