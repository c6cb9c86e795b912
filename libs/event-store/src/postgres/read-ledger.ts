import type { LedgerEnvelope } from '@mixdesk/contracts'
import type { EventStore } from '../event-store.js'
import type { Database } from './database.js'

type LedgerRow = {
  readonly position: string
  readonly stream: string
  readonly version: string
  readonly id: string
  readonly type: string
  readonly schema_version: number
  readonly data: unknown
  readonly occurred_at: string | null
  readonly recorded_at: Date
}

const columns = 'position, stream, version, id, type, schema_version, data, occurred_at, recorded_at'

export async function readStream(
  database: Database,
  ...[stream, options = {}]: Parameters<EventStore['readStream']>
): Promise<readonly LedgerEnvelope[]> {
  const { afterVersion = 0, limit, types, newestFirst = false } = options
  const direction = newestFirst ? 'DESC' : 'ASC'
  const rows = await database.query<LedgerRow>({
    name: `read_stream_${direction}`,
    text: `SELECT ${columns} FROM ledger
      WHERE stream = $1 AND version > $2::bigint AND ($3::text[] IS NULL OR type = ANY ($3::text[]))
      ORDER BY version ${direction} LIMIT $4::bigint`,
    values: [stream, afterVersion, types ?? null, limit ?? null],
  })
  return rows.map(envelopeOf)
}

/**
 * Every transaction below the oldest open one is over, and positions rise with transactions, so what this returns is a
 * prefix of all there will ever be after `afterPosition`. A writer left open anywhere on the server holds it back.
 */
export async function readAll(
  database: Database,
  { afterPosition, limit }: Parameters<EventStore['readAll']>[0],
): Promise<readonly LedgerEnvelope[]> {
  const rows = await database.query<LedgerRow>({
    name: 'read_all',
    text: `SELECT ${columns} FROM ledger
      WHERE position > $1::bigint AND position < (
        SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + transactions) * 65536 FROM ledger_origin
      )
      ORDER BY position LIMIT $2::bigint`,
    values: [afterPosition, limit],
  })
  return rows.map(envelopeOf)
}

/** The store is the border here: what is in `data` was checked when it was written. */
function envelopeOf(row: LedgerRow): LedgerEnvelope {
  return {
    id: row.id,
    stream: row.stream,
    version: Number(row.version),
    position: row.position,
    schemaVersion: row.schema_version,
    ...(row.occurred_at === null ? {} : { occurredAt: row.occurred_at }),
    recordedAt: row.recorded_at.toISOString(),
    type: row.type,
    data: row.data,
  } as LedgerEnvelope
}
