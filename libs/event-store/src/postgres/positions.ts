import type { Database } from './database.js'

/**
 * Positions are made of transaction numbers, which begin anew where a dump is restored. Lifts the origin when the
 * ledger reaches further than this cluster has counted; on the cluster that wrote the ledger that is never so.
 */
export async function keepPositionsRising(database: Database): Promise<void> {
  await database.query({
    text: `UPDATE ledger_origin SET transactions = newest.transaction + 1 - pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      FROM (SELECT max(position) / 65536 AS transaction FROM ledger) AS newest
      WHERE newest.transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + transactions`,
  })
}
