import type { Commit, Snapshot } from './event-store.js'
import { EventStoreError } from './event-store-error.js'

/** A position has 12 bits for the place in its commit. */
export const maxEventsPerCommit = 65536

/** Refuses what no adapter could write, before anything is written. */
export function checkCommit(commit: Commit): void {
  const { expectedVersion, events, snapshot } = commit
  if (!Number.isSafeInteger(expectedVersion) || expectedVersion < 0)
    throw invalid(`expectedVersion must be a whole number from 0, got ${expectedVersion}`)
  if (events.length > maxEventsPerCommit)
    throw invalid(`at most ${maxEventsPerCommit} events fit in one commit, got ${events.length}`)
  if (snapshot) checkSnapshot(snapshot, commit)
}

function checkSnapshot(snapshot: Snapshot, { stream, expectedVersion, events }: Commit): void {
  if (snapshot.stream !== stream)
    throw invalid(`the snapshot of ${snapshot.stream} cannot be committed with ${stream}`)
  if (snapshot.version > expectedVersion + events.length)
    throw invalid(`a snapshot at version ${snapshot.version} covers more than ${stream} will have`)
  if (!/^\d{1,18}$/.test(snapshot.cursor))
    throw invalid(`a snapshot's cursor must be a decimal offset, got '${snapshot.cursor}'`)
}

const invalid = (message: string) => new EventStoreError('invalid', message)
