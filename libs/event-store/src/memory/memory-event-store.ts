import { EventStoreError } from '../event-store-error.js'
import type { EventStore } from '../event-store.js'
import { commitInMemory } from './memory-commit.js'
import { MemoryLedger } from './memory-ledger.js'
import {
  checkpointInMemory,
  findRunInMemory,
  listRunsInMemory,
  readAllInMemory,
  readStreamInMemory,
} from './memory-reads.js'

export type MemoryEventStoreOptions = {
  /** Given to several stores, they share it as processes share a database. */
  readonly ledger?: MemoryLedger
  readonly now?: () => Date
}

/** The same promises as the Postgres store, kept by the same suite, as long as the process lives. */
export function createMemoryEventStore(options: MemoryEventStoreOptions = {}): EventStore {
  const { ledger = new MemoryLedger(), now = () => new Date() } = options
  const held = new Set<AbortController>()
  let running = false

  /** Async, so that a refusal is a rejection as it is over the wire. */
  const using = async <T>(work: (ledger: MemoryLedger) => T): Promise<T> => {
    await Promise.resolve()
    if (!running)
      throw new EventStoreError(
        'internal',
        'The event store is not running: call start() first, and nothing after stop().',
      )
    return work(ledger)
  }

  return {
    start() {
      running = true
      return Promise.resolve()
    },
    stop() {
      running = false
      for (const lost of held)
        lost.abort(new EventStoreError('unavailable', 'The lease is lost: the store stopped.'))
      return Promise.resolve()
    },
    ping: () => using(() => undefined),
    commit: (commit) => using(() => commitInMemory(ledger, commit, now().toISOString())),
    readStream: (...args) => using(() => readStreamInMemory(ledger, ...args)),
    readAll: (asked) => using(() => readAllInMemory(ledger, asked)),
    loadSnapshot: (stream) => using(() => ledger.snapshots.get(stream)),
    liveSnapshots: (partitions) =>
      using(() =>
        [...ledger.snapshots.values()]
          .filter(({ live, partition }) => live && partitions.includes(partition))
          .sort((a, b) => (a.stream < b.stream ? -1 : 1))
          .map(({ stream, version, partition, cursor, live }) => ({
            stream,
            version,
            partition,
            cursor,
            live,
          })),
      ),
    checkpointAtOrBefore: (...args) => using(() => checkpointInMemory(ledger, ...args)),
    pendingOutbox: (limit) => using(() => [...ledger.outbox.values()].slice(0, limit)),
    markSent: (ids) => using(() => ids.forEach((id) => ledger.outbox.delete(id))),
    async withLease(name, work) {
      const taken = await using(() => {
        if (ledger.leases.has(name)) return false
        ledger.leases.add(name)
        return true
      })
      if (!taken) return false
      const lost = new AbortController()
      held.add(lost)
      try {
        await work(lost.signal)
        return true
      } finally {
        held.delete(lost)
        ledger.leases.delete(name)
      }
    },
    loadCursor: (name) => using(() => ledger.cursors.get(name)),
    moveCursor: (name, expected, next) =>
      using(() => {
        if (ledger.cursors.get(name) !== expected) return false
        ledger.cursors.set(name, next)
        return true
      }),
    listRuns: (filter) => using(() => listRunsInMemory(ledger, filter)),
    findRun: (run) => using(() => findRunInMemory(ledger, run)),
  }
}
