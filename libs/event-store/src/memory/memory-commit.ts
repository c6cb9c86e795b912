import { checkCommit } from '../check-commit.js'
import { EventStoreError } from '../event-store-error.js'
import type { Commit, CommitResult } from '../event-store.js'
import type { MemoryLedger } from './memory-ledger.js'

/** Everything is checked before anything is written, and nothing awaits in between: that is the transaction. */
export function commitInMemory(ledger: MemoryLedger, commit: Commit, now: string): CommitResult {
  checkCommit(commit)
  const { stream, expectedVersion, events, outbox = [], snapshot, checkpoints = [], run } = commit
  const actualVersion = ledger.versions.get(stream) ?? 0
  if (actualVersion !== expectedVersion || isBehind(ledger, commit))
    return { kind: 'conflict', actualVersion }
  const ids = new Set(events.map(({ id }) => id))
  if (ids.size < events.length || events.some(({ id }) => ledger.ids.has(id)))
    throw new EventStoreError(
      'duplicate-id',
      `${stream}: an event id is already in the ledger, at another place`,
    )

  const version = expectedVersion + events.length
  ledger.versions.set(stream, version)
  events.forEach((event, index) => ledger.append(stream, expectedVersion + index + 1, event, now))
  const outboxIds = outbox.map((message) => ledger.enqueue(message))
  checkpoints.forEach((checkpoint) => ledger.keep(checkpoint))
  if (snapshot) ledger.snapshots.set(stream, { ...snapshot })
  if (run) ledger.list(run, now)
  return { kind: 'committed', version, ...(outbox.length === 0 ? {} : { outboxIds }) }
}

/** A cursor only moves forward; it may stand still where events move the stream. */
function isBehind(ledger: MemoryLedger, { stream, events, snapshot }: Commit): boolean {
  const stored = ledger.snapshots.get(stream)
  if (!snapshot || !stored) return false
  const [asked, stands] = [BigInt(snapshot.cursor), BigInt(stored.cursor)]
  return events.length === 0 ? asked <= stands : asked < stands
}
