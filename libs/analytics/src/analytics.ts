import type { LedgerEnvelope, RunResumed, RunStarted } from '@mixdesk/contracts'

/** Where a row came from in the log; also what makes writing it twice harmless. */
export type LogPlace = { readonly partition: number; readonly offset: string }

/** What every row says that a run left in the log. */
type LoggedRow = LogPlace & {
  readonly project: string
  readonly run: string
  readonly attempt: number
  readonly step: number
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** One `losses.measured` as the history keeps it: wide, with arrays, as it came. */
export type ObservationRow = LoggedRow & {
  readonly rank: number
  /** −1 where the trainer did not say. */
  readonly mixtureVersion: number
  /** Indices into the run's domains; every domain named. */
  readonly domains: readonly number[]
  readonly tokens: readonly number[]
  readonly lossSum: readonly (number | null)[]
  readonly sequences: readonly number[]
  readonly signals: { readonly [name: string]: readonly (number | null)[] }
}

/** Anything else a trainer or a person said, kept whole so that a replay can read the log again. */
export type RunEventRow = LoggedRow & {
  /** Short name, such as `run.resumed`. */
  readonly name: string
  /** The data, as JSON text. */
  readonly data: string
  /** CloudEvents id of what opens an attempt, where it has one; left out of everything else. */
  readonly id?: string
}

export type EvaluationRow = LoggedRow & {
  readonly domains: readonly number[]
  readonly loss: readonly (number | null)[]
  readonly scores: { readonly [task: string]: number | null }
}
export type MetricRow = LoggedRow & {
  readonly rank: number
  readonly names: readonly string[]
  readonly values: readonly (number | null)[]
}
export type DeadLetterRow = LogPlace & {
  readonly topic: string
  readonly sourcePartition: number
  readonly sourceOffset: string
  readonly key: string
  readonly because: string
  readonly bytes: number
  readonly time: number
}

/** Rows of one write. `token` names the block, so that the same block written twice counts once. */
export type HistoryBlock = {
  readonly token: string
  readonly observations: readonly ObservationRow[]
  readonly runEvents: readonly RunEventRow[]
  readonly evaluations: readonly EvaluationRow[]
  readonly metrics: readonly MetricRow[]
  readonly ledger: readonly LedgerEnvelope[]
  readonly deadLetters: readonly DeadLetterRow[]
}

/** An entry of a run's log as the history gives it back, in log order. */
export type LogEntry =
  | { readonly kind: 'observation'; readonly row: ObservationRow }
  | { readonly kind: 'event'; readonly row: RunEventRow }

export type SqlColumn = { readonly name: string; readonly type: string }
export type SqlResult = {
  readonly columns: readonly SqlColumn[]
  readonly rows: readonly (readonly unknown[])[]
  /** Rows were cut at the limit. */ readonly truncated: boolean
  readonly elapsedMs: number
}

export type CurvePoint = {
  readonly step: number
  readonly attempt: number
  readonly domain: string
  readonly tokens: number
  /** Mean loss, nats per token; null where nothing finite was reported. */ readonly loss: number | null
}

export type Analytics = {
  /** Opens the engine and brings the tables up to the newest migration. */
  start(): Promise<void>
  stop(): Promise<void>
  ping(): Promise<void>
  /** Writes a block; resolves when the engine has it. */
  write(block: HistoryBlock): Promise<void>
  /** A run's log, first arrivals only, in log order, in pages of bounded size; from attempt/offset on where given. */
  readLog(
    run: string,
    options?: { readonly afterOffset?: string; readonly pageRows?: number },
  ): AsyncIterable<readonly LogEntry[]>
  /** The first run.started of a run, or undefined when the history has none. */
  runStarted(run: string): Promise<RunStarted | undefined>
  /** Every run.resumed of a run, in log order. */
  resumes(run: string): Promise<readonly RunResumed[]>
  /** Mean losses by domain over steps, rank-merged, on the current chain of attempts, at most `points` a domain (buckets keep the token-weighted mean). */
  curve(
    run: string,
    options?: { readonly points?: number; readonly fromStep?: number; readonly toStep?: number },
  ): Promise<readonly CurvePoint[]>
  /** People's read-only SQL, through the gate. Throws AnalyticsError `refused` with a sentence. */
  sql(text: string, options?: { readonly maxRows?: number }): Promise<SqlResult>
}
