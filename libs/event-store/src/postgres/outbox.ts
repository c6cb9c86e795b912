import type { StoredOutboxMessage } from '../event-store.js'
import type { Database } from './database.js'

/**
 * Oldest first. Messages of one stream get their ids in the order of its commits, for a commit holds its stream's row
 * until it is over; over streams a slower commit may show up behind, which nobody was promised otherwise.
 */
export async function pendingOutbox(
  database: Database,
  limit: number,
): Promise<readonly StoredOutboxMessage[]> {
  return database.query<StoredOutboxMessage>({
    name: 'pending_outbox',
    text: 'SELECT id, topic, key, headers, value FROM outbox ORDER BY id LIMIT $1::bigint',
    values: [limit],
  })
}

export async function markSent(database: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await database.query({
    name: 'mark_sent',
    // Need not be on disk when we go on: forgotten in a crash, it is sent once more, as it may be anyway.
    text: `WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
      DELETE FROM outbox USING relaxed WHERE id = ANY ($1::bigint[])`,
    values: [[...ids]],
  })
}
