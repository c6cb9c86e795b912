import type { Checkpoint, Snapshot } from '../event-store.js'
import type { Database } from './database.js'
import { CheckpointEntity } from './entities/checkpoint.entity.js'
import { LessThan, LessThanOrEqual } from 'typeorm'

type PlaceRow = { stream: string; version: string; partition: number; cursor: string; live: boolean }

export async function loadSnapshot(database: Database, stream: string): Promise<Snapshot | undefined> {
  const [row] = await database.query<PlaceRow & { state: string }>({
    name: 'load_snapshot',
    text: 'SELECT stream, version, partition, cursor, live, state FROM snapshots WHERE stream = $1',
    values: [stream],
  })
  return row && { ...row, version: Number(row.version) }
}

export async function liveSnapshots(
  database: Database,
  partitions: readonly number[],
): Promise<readonly Omit<Snapshot, 'state'>[]> {
  const rows = await database.query<PlaceRow>({
    name: 'live_snapshots',
    text: `SELECT stream, version, partition, cursor, live FROM snapshots
      WHERE live AND partition = ANY ($1::int[]) ORDER BY stream COLLATE "C"`,
    values: [[...partitions]],
  })
  return rows.map((row) => ({ ...row, version: Number(row.version) }))
}

export async function checkpointAtOrBefore(
  database: Database,
  run: string,
  step: number,
  beforeAttempt: number,
): Promise<Checkpoint | undefined> {
  const found = await database.read((source) =>
    source.getRepository(CheckpointEntity).findOne({
      where: { run, step: LessThanOrEqual(step), attempt: LessThan(beforeAttempt) },
      order: { step: 'DESC', attempt: 'DESC' },
    }),
  )
  if (!found) return undefined
  const { attempt, uri, state } = found
  return { run, attempt, step: found.step, state, ...(uri === null ? {} : { uri }) }
}
