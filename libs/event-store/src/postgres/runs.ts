import type { EventStore, StoredRunRow } from '../event-store.js'
import { pageTokenOf, placeOf } from '../page-token.js'
import { searchable } from '../run-search.js'
import type { Database } from './database.js'
import { RunEntity, storedRunOf } from './entities/run.entity.js'

export async function findRun(database: Database, run: string): Promise<StoredRunRow | undefined> {
  const found = await database.read((source) => source.getRepository(RunEntity).findOneBy({ run }))
  return found ? storedRunOf(found) : undefined
}

/** Newest first; pages go on from a row, not from a count, so runs that start meanwhile shift nothing. */
export async function listRuns(
  database: Database,
  filter: Parameters<EventStore['listRuns']>[0],
): ReturnType<EventStore['listRuns']> {
  const { project, status, search, limit, after } = filter
  const place = after === undefined ? undefined : placeOf(after)
  const found = await database.read((source) => {
    const query = source.getRepository(RunEntity).createQueryBuilder('r')
    if (project !== undefined) query.andWhere('r.project = :project', { project })
    if (status !== undefined) query.andWhere('r.status = :status', { status })
    if (search)
      query.andWhere('r.search_text LIKE :pattern', { pattern: `%${escapeLike(searchable(search))}%` })
    if (place) query.andWhere('(r.started_at, r.run) < (:startedAt::timestamptz, :run)', place)
    return query
      .orderBy('r.startedAt', 'DESC')
      .addOrderBy('r.run', 'DESC')
      .limit(limit + 1)
      .getMany()
  })
  const runs = found.slice(0, limit).map(storedRunOf)
  const last = runs.at(-1)
  return found.length > limit && last ? { runs, next: pageTokenOf(last) } : { runs }
}

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')
