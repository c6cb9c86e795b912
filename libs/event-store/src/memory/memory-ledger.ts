import type {
  Checkpoint,
  NewLedgerEvent,
  OutboxMessage,
  RunRow,
  Snapshot,
  StoredOutboxMessage,
} from '../event-store.js'
import { searchTextOf, storable } from '../run-search.js'

/** A written fact, its data as JSON text: what goes in cannot be changed from outside, as with a real store. */
export type WrittenFact = {
  readonly stream: string
  readonly version: number
  readonly position: bigint
  readonly recordedAt: string
  readonly event: Omit<NewLedgerEvent, 'data'>
  readonly data: string
}

type ListedRun = {
  readonly row: string
  readonly searchText: string
  readonly startedAt: string
  readonly updatedAt: string
}

/** What stores in one process share when they are given the same one: the database of the memory twin. */
export class MemoryLedger {
  readonly versions = new Map<string, number>()
  readonly facts: WrittenFact[] = []
  readonly streams = new Map<string, WrittenFact[]>()
  readonly ids = new Set<string>()
  readonly snapshots = new Map<string, Snapshot>()
  readonly checkpoints = new Map<string, Checkpoint>()
  readonly outbox = new Map<string, StoredOutboxMessage>()
  readonly cursors = new Map<string, string>()
  readonly runs = new Map<string, ListedRun>()
  readonly leases = new Set<string>()
  private messages = 0n

  append(stream: string, version: number, { data, ...event }: NewLedgerEvent, recordedAt: string): void {
    const position = BigInt(this.facts.length + 1)
    const fact = { stream, version, position, recordedAt, event, data: JSON.stringify(data) }
    this.facts.push(fact)
    this.ids.add(event.id)
    const facts = this.streams.get(stream)
    if (facts) facts.push(fact)
    else this.streams.set(stream, [fact])
  }

  enqueue({ topic, key, headers, value }: OutboxMessage): string {
    const id = String(++this.messages)
    this.outbox.set(id, { id, topic, key, headers: { ...headers }, value })
    return id
  }

  keep(checkpoint: Checkpoint): void {
    const { run, attempt, step, uri, state } = checkpoint
    const kept = { run, attempt, step, state, ...(uri === undefined ? {} : { uri: storable(uri) }) }
    this.checkpoints.set(JSON.stringify([run, attempt, step]), kept)
  }

  list(row: RunRow, updatedAt: string): void {
    const startedAt = this.runs.get(row.run)?.startedAt ?? updatedAt
    const text = JSON.stringify({ ...row, notes: storable(row.notes) })
    this.runs.set(row.run, { row: text, searchText: searchTextOf(row), startedAt, updatedAt })
  }
}
