import { checkCommit } from '../check-commit.js'
import { EventStoreError } from '../event-store-error.js'
import type { Commit, CommitResult } from '../event-store.js'
import { commitStatement } from './commit-statement.js'
import type { Database } from './database.js'
import { eventStoreErrorOf, sqlStateOf, violatedConstraint } from './errors.js'

/** One round trip where it succeeds; a conflict costs a second one, to say where the stream stands now. */
export async function commit(database: Database, commit: Commit): Promise<CommitResult> {
  checkCommit(commit)
  const { stream, expectedVersion, events } = commit
  try {
    const [moved] = await database.queryRaw<{ whole: boolean; queued?: string[] }>(commitStatement(commit))
    if (moved) {
      const { queued: outboxIds } = moved
      const version = expectedVersion + events.length
      return { kind: 'committed', version, ...(outboxIds === undefined ? {} : { outboxIds }) }
    }
  } catch (error) {
    const taken = violatedConstraint(error)
    // The stream's row was ours when the id was refused, so the stream had not moved: another fact has this id.
    if (taken === 'ledger_id')
      throw new EventStoreError(
        'duplicate-id',
        `${stream}: an event id is already in the ledger, at another place`,
        {
          cause: error,
        },
      )
    const isConflict = taken === 'ledger_stream_version' || sqlStateOf(error) === 'MX001'
    if (!isConflict) throw eventStoreErrorOf(error)
  }
  return { kind: 'conflict', actualVersion: await versionOf(database, stream) }
}

async function versionOf(database: Database, stream: string): Promise<number> {
  const [row] = await database.query<{ version: string }>({
    name: 'version_of_stream',
    text: 'SELECT version FROM streams WHERE stream = $1',
    values: [stream],
  })
  return row ? Number(row.version) : 0
}
