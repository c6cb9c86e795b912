import type { Checkpoint, Commit, EventStore, NewLedgerEvent, RunRow, Snapshot } from '@mixdesk/event-store'

let count = 0
/** A name nothing else in the suite has: the stores of a suite share one database. */
export const unique = (what: string) => `${what}-${process.pid}-${++count}`

export function fact(step = 0, id = unique('fact')): NewLedgerEvent {
  const data = { run: 'r', project: 'p', attempt: 1, version: 1, step, rank: 0 }
  return { id, type: 'MixtureApplied', schemaVersion: 1, data }
}

export function annotated(params: { [key: string]: unknown }, id = unique('fact')): NewLedgerEvent {
  const data = { run: 'r', project: 'p', attempt: 1, params, tags: [], notes: '' }
  return { id, type: 'RunAnnotated', schemaVersion: 2, occurredAt: '2031-05-06T07:08:09.123456+02:00', data }
}

export function snapshotOf(
  stream: string,
  version: number,
  cursor: string,
  more: Partial<Snapshot> = {},
): Snapshot {
  return { stream, version, partition: 3, cursor, live: true, state: `{"at":${cursor}}`, ...more }
}

export function checkpoint(
  run: string,
  attempt: number,
  step: number,
  state = `{"of":[${attempt},${step}]}`,
): Checkpoint {
  return { run, attempt, step, uri: `s3://bucket/${attempt}/${step}`, state }
}

export function runRow(run: string, more: Partial<RunRow> = {}): RunRow {
  return {
    run,
    project: 'llm',
    status: 'running',
    attempt: 1,
    policy: 'doremi',
    domains: ['web', 'code'],
    ranks: 8,
    step: -1,
    version: 0,
    frozen: false,
    problems: [],
    params: { learningRate: 1e-4 },
    tags: [],
    notes: '',
    counts: { accepted: 0 },
    ...more,
  }
}

/** Appends one fact where the stream stands. */
export async function append(
  store: EventStore,
  stream: string,
  expectedVersion: number,
  more: Partial<Commit> = {},
) {
  return store.commit({ stream, expectedVersion, events: [fact(expectedVersion + 1)], ...more })
}

/** Everything the ledger holds beyond a position. */
export async function readOn(store: EventStore, afterPosition: string, pageSize = 500) {
  const all = []
  for (let at = afterPosition; ;) {
    const page = await store.readAll({ afterPosition: at, limit: pageSize })
    all.push(...page)
    const last = page.at(-1)
    if (!last) return all
    at = last.position
  }
}

/** Waits for a condition, not for a time. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 90_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come to pass in ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
