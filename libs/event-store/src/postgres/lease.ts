import { EventStoreError } from '../event-store-error.js'
import type { EventStore } from '../event-store.js'
import type { Database } from './database.js'
import { eventStoreErrorOf } from './errors.js'

const heartbeatMs = 5000
/** Keeps our advisory locks apart from other people's in the same database. */
const lockSpace = 0x6d69_7864

/**
 * A session lock on a connection of its own: it ends exactly when the connection does, whoever ends it. The heartbeat
 * finds the connections that died without saying so.
 */
export async function withLease(
  database: Database,
  ...[name, work]: Parameters<EventStore['withLease']>
): Promise<boolean> {
  const { client, end } = await database.connectAlone(`lease ${name}`)
  const lost = new AbortController()
  let heartbeat: NodeJS.Timeout | undefined
  const lose = () =>
    lost.abort(new EventStoreError('unavailable', `The lease '${name}' is lost: its connection ended.`))
  client.on('error', lose)
  client.on('end', lose)
  try {
    if (!(await tryLock())) return false
    heartbeat = setInterval(() => void client.query('SELECT 1').catch(lose), heartbeatMs)
    await work(lost.signal)
    return true
  } finally {
    clearInterval(heartbeat)
    client.off('error', lose)
    client.off('end', lose)
    // The connection's end would do, but only soon; whoever waits for the lease gets it now.
    if (!lost.signal.aborted) await client.query('SELECT pg_advisory_unlock_all()').catch(() => undefined)
    await end()
  }

  async function tryLock(): Promise<boolean> {
    try {
      const text = 'SELECT pg_try_advisory_lock($1::int, hashtext($2)) AS held'
      const { rows } = await client.query<{ held: boolean }>(text, [lockSpace, name])
      return rows[0]?.held === true
    } catch (error) {
      throw eventStoreErrorOf(error)
    }
  }
}
