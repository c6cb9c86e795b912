import type { LedgerEnvelope } from '@mixdesk/contracts'
import type { Checkpoint, EventStore, RunRow, StoredRunRow } from '../event-store.js'
import { pageTokenOf, placeOf } from '../page-token.js'
import { searchable } from '../run-search.js'
import type { MemoryLedger, WrittenFact } from './memory-ledger.js'

export function readStreamInMemory(
  ledger: MemoryLedger,
  ...[stream, options = {}]: Parameters<EventStore['readStream']>
): readonly LedgerEnvelope[] {
  const { afterVersion = 0, limit, types, newestFirst = false } = options
  const facts = (ledger.streams.get(stream) ?? []).filter(
    ({ version, event }) => version > afterVersion && (types === undefined || types.includes(event.type)),
  )
  if (newestFirst) facts.reverse()
  return facts.slice(0, limit).map(envelopeOf)
}

export function readAllInMemory(
  ledger: MemoryLedger,
  { afterPosition, limit }: Parameters<EventStore['readAll']>[0],
): readonly LedgerEnvelope[] {
  // Positions count the facts from 1 without gaps here, so the position is the index of the next.
  const from = Number(afterPosition)
  return ledger.facts.slice(from, from + limit).map(envelopeOf)
}

export function checkpointInMemory(
  ledger: MemoryLedger,
  run: string,
  step: number,
  beforeAttempt: number,
): Checkpoint | undefined {
  return [...ledger.checkpoints.values()]
    .filter((kept) => kept.run === run && kept.step <= step && kept.attempt < beforeAttempt)
    .sort((a, b) => b.step - a.step || b.attempt - a.attempt)[0]
}

export function findRunInMemory(ledger: MemoryLedger, run: string): StoredRunRow | undefined {
  const listed = ledger.runs.get(run)
  if (!listed) return undefined
  return { ...(JSON.parse(listed.row) as RunRow), startedAt: listed.startedAt, updatedAt: listed.updatedAt }
}

export function listRunsInMemory(
  ledger: MemoryLedger,
  filter: Parameters<EventStore['listRuns']>[0],
): Awaited<ReturnType<EventStore['listRuns']>> {
  const { project, status, search = '', limit, after } = filter
  const place = after === undefined ? undefined : placeOf(after)
  const needle = searchable(search)
  const found = [...ledger.runs]
    .filter(([, { searchText }]) => searchText.includes(needle))
    .flatMap(([run]) => findRunInMemory(ledger, run) ?? [])
    .filter((row) => project === undefined || row.project === project)
    .filter((row) => status === undefined || row.status === status)
    .sort(newestFirst)
    .filter((row) => !place || newestFirst(place, row) < 0)
  const runs = found.slice(0, limit)
  const last = runs.at(-1)
  return found.length > limit && last ? { runs, next: pageTokenOf(last) } : { runs }
}

type Place = Pick<StoredRunRow, 'startedAt' | 'run'>
const descending = (a: string, b: string) => (a === b ? 0 : a < b ? 1 : -1)
const newestFirst = (a: Place, b: Place) => descending(a.startedAt, b.startedAt) || descending(a.run, b.run)

function envelopeOf({ stream, version, position, recordedAt, event, data }: WrittenFact): LedgerEnvelope {
  const { id, type, schemaVersion, occurredAt } = event
  return {
    id,
    stream,
    version,
    position: String(position),
    schemaVersion,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    recordedAt,
    type,
    data: JSON.parse(data) as unknown,
  } as LedgerEnvelope
}
