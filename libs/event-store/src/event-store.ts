import type { LedgerEnvelope, LedgerEvent } from '@mixdesk/contracts'

/** A message that leaves with the facts that caused it: written in their transaction, sent afterwards, at least once. */
export type OutboxMessage = {
  readonly topic: string
  readonly key: string
  readonly headers: { readonly [name: string]: string }
  readonly value: string
}
export type StoredOutboxMessage = OutboxMessage & { readonly id: string }

/** What a run's owner needs to go on after a crash; replaced as a whole. */
export type Snapshot = {
  readonly stream: string
  /** Version of the stream it covers. */
  readonly version: number
  /** Partition of the trainer-events topic the run lives in. */
  readonly partition: number
  /** First offset of the log that is NOT folded into it. */
  readonly cursor: string
  /** Whether messages may still come: false once the run is over and quiet. */
  readonly live: boolean
  /** JSON text, opaque here. */
  readonly state: string
}

/** The state to come back to when a run resumes from this step. */
export type Checkpoint = {
  readonly run: string
  readonly attempt: number
  readonly step: number
  readonly uri?: string
  /** JSON text of the learning state as of the end of `step`. */
  readonly state: string
}

export type NewLedgerEvent = LedgerEvent & {
  readonly id: string
  readonly schemaVersion: number
  readonly occurredAt?: string
}

/** Row of the read model for lists and search; the latest known of a run. */
export type RunRow = {
  readonly run: string
  readonly project: string
  readonly status: 'running' | 'completed' | 'failed' | 'stopped' | 'refused'
  readonly attempt: number
  readonly policy: string
  readonly domains: readonly string[]
  readonly ranks: number
  /** Last closed step; −1 before the first. */
  readonly step: number
  readonly version: number
  readonly frozen: boolean
  readonly problems: readonly string[]
  readonly params: { readonly [key: string]: unknown }
  readonly tags: readonly string[]
  readonly notes: string
  /** Counters of what was accepted, ignored and why. */
  readonly counts: { readonly [reason: string]: number }
}
export type StoredRunRow = RunRow & { readonly startedAt: string; readonly updatedAt: string }

/** One transaction: all of it happens, or none. */
export type Commit = {
  readonly stream: string
  /** Version the stream must have (0: it must not exist yet). */
  readonly expectedVersion: number
  /** May be empty: then only snapshot, row and cursor move, and they move only forward. */
  readonly events: readonly NewLedgerEvent[]
  readonly outbox?: readonly OutboxMessage[]
  readonly snapshot?: Snapshot
  readonly checkpoints?: readonly Checkpoint[]
  readonly run?: RunRow
}

/** `conflict`: somebody else wrote to the stream, or moved its cursor further; reload and go on from there. */
export type CommitResult =
  | {
      readonly kind: 'committed'
      readonly version: number
      /** Ids that the commit's outbox messages were given, in their order; left out where it had none. */
      readonly outboxIds?: readonly string[]
    }
  | { readonly kind: 'conflict'; readonly actualVersion: number }

export type RunFilter = {
  readonly project?: string
  readonly status?: RunRow['status']
  /** Runs whose name, project, tags or notes contain this text. */
  readonly search?: string
  readonly limit: number
  /** Opaque place to go on from, as the last page gave it. */
  readonly after?: string
}

/** The ledger and what commits with it. */
export type EventStore = {
  start(): Promise<void>
  stop(): Promise<void>
  ping(): Promise<void>

  commit(commit: Commit): Promise<CommitResult>

  readStream(
    stream: string,
    options?: {
      readonly afterVersion?: number
      readonly limit?: number
      readonly types?: readonly string[]
      readonly newestFirst?: boolean
    },
  ): Promise<readonly LedgerEnvelope[]>
  /** In the order of positions, and only below the oldest open transaction, so that a slow writer is never skipped. */
  readAll(options: {
    readonly afterPosition: string
    readonly limit: number
  }): Promise<readonly LedgerEnvelope[]>

  loadSnapshot(stream: string): Promise<Snapshot | undefined>
  /** Snapshots of live runs in these partitions: what their owner needs to know where to read on. */
  liveSnapshots(partitions: readonly number[]): Promise<readonly Omit<Snapshot, 'state'>[]>
  /** The checkpoint with the highest step not above `step` over attempts below `beforeAttempt`: newest attempt first where steps tie. */
  checkpointAtOrBefore(run: string, step: number, beforeAttempt: number): Promise<Checkpoint | undefined>

  /** Oldest first. */
  pendingOutbox(limit: number): Promise<readonly StoredOutboxMessage[]>
  markSent(ids: readonly string[]): Promise<void>
  /** Runs `work` while this process alone, of all that share the store, holds the named lease; false when another holds it. The signal aborts when the lease is lost. */
  withLease(name: string, work: (lost: AbortSignal) => Promise<void>): Promise<boolean>

  loadCursor(name: string): Promise<string | undefined>
  /** Compare-and-set; false when it did not stand where expected (undefined: not there yet). */
  moveCursor(name: string, expected: string | undefined, next: string): Promise<boolean>

  listRuns(filter: RunFilter): Promise<{ readonly runs: readonly StoredRunRow[]; readonly next?: string }>
  findRun(run: string): Promise<StoredRunRow | undefined>
}
