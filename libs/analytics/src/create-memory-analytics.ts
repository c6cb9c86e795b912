import type { LedgerEnvelope, RunResumed, RunStarted } from '@mixdesk/contracts'
import { AnalyticsError } from './analytics-error.js'
import type { Analytics, HistoryBlock, LogEntry, ObservationRow, RunEventRow } from './analytics.js'
import { attemptChain, curveOf } from './memory-curve.js'

type Place = { readonly partition: number; readonly offset: string }

/** The history in memory, for tests: the same log and the same curves; people's SQL needs a real engine. */
export function createMemoryAnalytics(): Analytics {
  const observations = new Map<string, ObservationRow>()
  const events = new Map<string, RunEventRow>()
  const facts = new Map<string, LedgerEnvelope>()
  let open = false
  const check = (): void => {
    if (!open) throw new AnalyticsError('unavailable', 'The history is not open; start it first.')
  }
  const write = (block: HistoryBlock): void => {
    for (const row of block.observations)
      keepFirst(observations, JSON.stringify([row.project, row.run, row.attempt, row.step, row.rank]), row)
    for (const row of block.runEvents)
      keepFirst(events, JSON.stringify([row.project, row.run, row.partition, row.offset]), row)
    for (const fact of block.ledger) if (!facts.has(fact.id)) facts.set(fact.id, fact)
  }
  const logOf = (run: string): LogEntry[] =>
    [
      ...[...events.values()]
        .filter((row) => row.run === run)
        .map((row): LogEntry => ({ kind: 'event', row })),
      ...[...observations.values()]
        .filter((row) => row.run === run)
        .map((row): LogEntry => ({ kind: 'observation', row })),
    ].sort((a, b) => Number(a.row.offset) - Number(b.row.offset))

  return {
    start: async () => void (open = true),
    stop: async () => void (open = false),
    ping: async () => check(),
    write: async (block) => {
      check()
      write(structuredClone(block))
    },
    async *readLog(run, { afterOffset, pageRows = 2048 } = {}) {
      check()
      const after = afterOffset === undefined ? -1 : Number(afterOffset)
      const log = logOf(run).filter(({ row }) => Number(row.offset) > after)
      for (let i = 0; i < log.length; i += pageRows) yield log.slice(i, i + pageRows)
    },
    runStarted: async (run) => {
      check()
      const entry = logOf(run).find(({ kind, row }) => kind === 'event' && row.name === 'run.started')
      return entry?.kind === 'event' ? (JSON.parse(entry.row.data) as RunStarted) : undefined
    },
    resumes: async (run) => {
      check()
      return logOf(run).flatMap(({ kind, row }) =>
        kind === 'event' && row.name === 'run.resumed' ? [JSON.parse(row.data) as RunResumed] : [],
      )
    },
    curve: async (run, options = {}) => {
      check()
      const rows = [...observations.values()].filter((row) => row.run === run)
      return curveOf(rows, attemptChain([...facts.values()].filter((fact) => fact.data.run === run)), options)
    },
    sql: async () => {
      throw new AnalyticsError(
        'unavailable',
        'This history is kept in memory and speaks no SQL; start one on chDB or ClickHouse.',
      )
    },
  }
}

/** The first arrival wins, in whatever order the blocks come. */
function keepFirst<Row extends Place>(rows: Map<string, Row>, key: string, row: Row): void {
  const seen = rows.get(key)
  if (seen === undefined || Number(row.offset) < Number(seen.offset)) rows.set(key, row)
}
