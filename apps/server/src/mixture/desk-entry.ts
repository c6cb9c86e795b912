import type { IncomingMessage } from '@mixdesk/messaging'
import type { RunDesk } from '@mixdesk/mixture'

/** A run whose partition is ours: its desk, and what the ledger has of it. */
export type DeskEntry = {
  readonly run: string
  readonly partition: number
  readonly desk: RunDesk
  /** Version of the stream in the ledger. */
  streamVersion: number
  /** Whether an earlier commit of this desk is through: messages of the desk before it may still wait in the outbox. */
  hasCommitted: boolean
  /** First offset that the saved snapshot does not cover. */
  savedCursor: number
  savedAtMs: number
  /** Messages that are not losses, since the last commit: the original bytes, in case they turn out to be dead. */
  readonly originals: Map<number, IncomingMessage>
  /** The newest dead letter of the run: what it skips may be saved once it is written. */
  letter: Promise<void>
  /** The advance in progress; another ring only marks that there is more. */
  advancing: Promise<void> | undefined
  again: boolean
  /** Taken away, or overtaken by another writer: nothing of it may be committed any more. */
  dropped: boolean
  /** What nobody foresaw and cut an advance short: folded facts may be missing from the ledger, so nothing more is committed. */
  broken: Error | undefined
}
