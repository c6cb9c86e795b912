import { EventStoreError } from '../event-store-error.js'
import type { EventStore } from '../event-store.js'
import { commit } from './commit.js'
import { loadCursor, moveCursor } from './cursors.js'
import { Database } from './database.js'
import { withLease } from './lease.js'
import { checkMigrations, runMigrations } from './migrations.js'
import { markSent, pendingOutbox } from './outbox.js'
import { keepPositionsRising } from './positions.js'
import { readAll, readStream } from './read-ledger.js'
import { findRun, listRuns } from './runs.js'
import { checkpointAtOrBefore, liveSnapshots, loadSnapshot } from './snapshots.js'

export type PostgresEventStoreOptions = {
  readonly url: string
  /** Connections, beside one for each lease held. */
  readonly poolSize?: number
  readonly applicationName?: string
  /** `run` (default): brings the database up to date at start. `check`: refuses to start on one that is not. */
  readonly migrations?: 'run' | 'check'
  /** How long start() goes on trying to reach the server. */
  readonly startTimeoutMs?: number
}

export function createPostgresEventStore(options: PostgresEventStoreOptions): EventStore {
  const {
    url,
    poolSize = 12,
    applicationName = 'mixdesk',
    migrations = 'run',
    startTimeoutMs = 30_000,
  } = options
  const database = new Database({ url, poolSize, applicationName })
  let running: Promise<void> | undefined

  const open = async () => {
    if (migrations === 'run') await runMigrations(url)
    await database.open()
    try {
      if (migrations === 'check') await checkMigrations(database)
      await keepPositionsRising(database)
    } catch (error) {
      await database.close()
      throw error
    }
  }

  return {
    start: () =>
      (running ??= persist(open, startTimeoutMs).catch((error: unknown) => {
        running = undefined
        throw error
      })),
    async stop() {
      await running?.catch(() => undefined)
      running = undefined
      await database.close()
    },
    async ping() {
      await database.query({ name: 'ping', text: 'SELECT 1' })
    },
    commit: (asked) => commit(database, asked),
    readStream: (...args) => readStream(database, ...args),
    readAll: (asked) => readAll(database, asked),
    loadSnapshot: (stream) => loadSnapshot(database, stream),
    liveSnapshots: (partitions) => liveSnapshots(database, partitions),
    checkpointAtOrBefore: (...args) => checkpointAtOrBefore(database, ...args),
    pendingOutbox: (limit) => pendingOutbox(database, limit),
    markSent: (ids) => markSent(database, ids),
    withLease: (...args) => withLease(database, ...args),
    loadCursor: (name) => loadCursor(database, name),
    moveCursor: (...args) => moveCursor(database, ...args),
    listRuns: (filter) => listRuns(database, filter),
    findRun: (run) => findRun(database, run),
  }
}

/** A server that is just starting refuses at first; one that refuses a password will refuse it again. */
async function persist(attempt: () => Promise<void>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 1000)) {
    try {
      await attempt()
      return
    } catch (error) {
      const mayStillCome =
        error instanceof EventStoreError && error.retriable && performance.now() + delayMs < deadline
      if (!mayStillCome) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
}
