import type { RunResumed, RunStarted } from '@mixdesk/contracts'
import type { LogEntry, ObservationRow, RunEventRow } from './analytics.js'
import { quote, type Link } from './link.js'
import { RowBinaryReader } from './row-binary.js'

const observationColumns =
  'project, attempt, step, rank, mixture_version, domains, tokens, loss_sum, sequences, signals, time_ms, partition, offset'
const eventColumns = 'project, attempt, step, name, data, event_id, time_ms, partition, offset'
/** Offsets of other runs lie between a run's own, so a window of offsets is sized by what the last one held. */
const widest = 2 ** 40

/** A run's log in offset order, a page at a time; the next page is fetched while the last one is used. */
export async function* readLog(
  link: Link,
  run: string,
  options: { readonly afterOffset?: string; readonly pageRows?: number } = {},
): AsyncGenerator<readonly LogEntry[]> {
  const pageRows = Math.max(1, options.pageRows ?? 8192)
  const last = await lastOffset(link, run)
  let after = options.afterOffset === undefined ? -1 : Number(options.afterOffset)
  let width = pageRows * 4
  const next = () =>
    after < last ? fetchWindow(link, run, after, Math.min(after + width, last), pageRows) : undefined
  let coming = next()
  while (coming !== undefined) {
    const { entries, reached } = await coming
    const span = reached - after
    const wanted = entries.length === 0 ? span * 8 : Math.ceil((span * pageRows) / entries.length)
    width = Math.min(widest, span * 8, Math.max(1, wanted))
    after = reached
    coming = next()
    // Someone who stops reading leaves this one unawaited.
    coming?.catch(() => undefined)
    if (entries.length > 0) yield entries
  }
}

export async function readRunStarted(link: Link, run: string): Promise<RunStarted | undefined> {
  const [started] = await readSaid<RunStarted>(link, run, 'run.started', 1)
  return started
}

export const readResumes = (link: Link, run: string): Promise<RunResumed[]> =>
  readSaid<RunResumed>(link, run, 'run.resumed', 100_000)

/** What was said of a run under one name, in log order. */
async function readSaid<T>(link: Link, run: string, name: string, limit: number): Promise<T[]> {
  const bytes = await link.query(
    `SELECT data FROM run_events FINAL WHERE run = ${quote(run)} AND name = ${quote(name)} ORDER BY offset LIMIT ${limit}`,
    'RowBinary',
  )
  const reader = new RowBinaryReader(bytes)
  const said: T[] = []
  while (!reader.done) said.push(JSON.parse(reader.text()) as T)
  return said
}

async function lastOffset(link: Link, run: string): Promise<number> {
  const where = `WHERE run = ${quote(run)}`
  const bytes = await link.query(
    `SELECT toInt64(max(o)), sum(n) FROM (SELECT max(offset) AS o, count() AS n FROM observations ${where} UNION ALL SELECT max(offset) AS o, count() AS n FROM run_events ${where})`,
    'RowBinary',
  )
  const reader = new RowBinaryReader(bytes)
  const offset = reader.int64()
  return reader.uint64() === 0 ? -1 : offset
}

/** Entries in (after, upTo]; when a page is full it ends early, at `reached`. */
async function fetchWindow(link: Link, run: string, after: number, upTo: number, pageRows: number) {
  const tail = `WHERE run = ${quote(run)} AND offset > ${after} AND offset <= ${upTo} ORDER BY offset LIMIT ${pageRows}`
  // FINAL keeps first arrivals. The index on offsets may skip a granule that holds the first arrival of a row seen
  // again later; exact mode reads such granules all the same.
  const settings = 'SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1'
  const [observations, events] = [
    readObservations(
      await link.query(
        `SELECT ${observationColumns} FROM observations FINAL ${tail} ${settings}`,
        'RowBinary',
      ),
      run,
    ),
    readEvents(
      await link.query(`SELECT ${eventColumns} FROM run_events FINAL ${tail} ${settings}`, 'RowBinary'),
      run,
    ),
  ]
  // A full page may have more behind it: go no further than the nearer of the two ends.
  const reached = Math.min(endOf(observations, pageRows, upTo), endOf(events, pageRows, upTo))
  return { entries: merge(observations, events, reached), reached }
}

const endOf = (rows: readonly { readonly offset: string }[], pageRows: number, upTo: number): number =>
  rows.length < pageRows ? upTo : Number(rows.at(-1)!.offset)

function merge(
  observations: readonly ObservationRow[],
  events: readonly RunEventRow[],
  reached: number,
): readonly LogEntry[] {
  const entries: LogEntry[] = []
  let e = 0
  for (const row of observations) {
    const offset = Number(row.offset)
    if (offset > reached) break
    while (e < events.length && Number(events[e]!.offset) <= offset)
      entries.push({ kind: 'event', row: events[e++]! })
    entries.push({ kind: 'observation', row })
  }
  while (e < events.length && Number(events[e]!.offset) <= reached)
    entries.push({ kind: 'event', row: events[e++]! })
  return entries
}

function readObservations(bytes: Buffer, run: string): ObservationRow[] {
  const reader = new RowBinaryReader(bytes)
  const rows: ObservationRow[] = []
  while (!reader.done) {
    const project = reader.text()
    const attempt = reader.uint32()
    const step = reader.uint64()
    const rank = reader.uint32()
    const mixtureVersion = reader.int64()
    const domains = reader.uint16Array()
    const tokens = reader.uint64Array()
    const lossSum = reader.doubleArray()
    const sequences = reader.uint64Array()
    const signals: Record<string, (number | null)[]> = {}
    for (let n = reader.length(); n > 0; n--) signals[reader.text()] = reader.doubleArray()
    const time = reader.int64()
    const partition = reader.uint32()
    const offset = String(reader.uint64())
    rows.push({
      project,
      run,
      attempt,
      step,
      rank,
      mixtureVersion,
      domains,
      tokens,
      lossSum,
      sequences,
      signals,
      time,
      partition,
      offset,
    })
  }
  return rows
}

function readEvents(bytes: Buffer, run: string): RunEventRow[] {
  const reader = new RowBinaryReader(bytes)
  const rows: RunEventRow[] = []
  while (!reader.done) {
    const [project, attempt, step, name, data, id] = [
      reader.text(),
      reader.uint32(),
      reader.int64(),
      reader.text(),
      reader.text(),
      reader.text(),
    ]
    const [time, partition, offset] = [reader.int64(), reader.uint32(), String(reader.uint64())]
    const said = id === '' ? {} : { id }
    rows.push({ project, run, attempt, step, name, data, ...said, time, partition, offset })
  }
  return rows
}
