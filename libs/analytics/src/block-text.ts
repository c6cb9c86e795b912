import type {
  DeadLetterRow,
  EvaluationRow,
  LogPlace,
  MetricRow,
  ObservationRow,
  RunEventRow,
} from './analytics.js'
import { packDoubles, packIndices } from './pack-numbers.js'

/** How rows of one kind become lines of one table. `line` yields the inside of a JSON array, in the order of `columns`. */
export type TableText<Row> = {
  readonly table: string
  readonly columns: readonly string[]
  line(row: Row): string
}

/** A text as JSON. Half of a surrogate pair is no character: the engine would refuse the whole block for it. */
export function text(value: string): string {
  const json = JSON.stringify(value)
  return json.includes('\\ud') ? json.replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\\ufffd') : json
}
export const texts = (values: readonly string[]): string => `[${values.map(text).join()}]`

/** Neighbouring rows tend to be of one run. */
const remembering =
  (last = { value: '', json: '""' }) =>
  (value: string): string => {
    if (value !== last.value) last = { value, json: text(value) }
    return last.json
  }
const projectText = remembering()
const runText = remembering()

const place = (row: LogPlace & { readonly time: number }) => `${row.time},${row.partition},${row.offset}`
const placeColumns = ['time_ms', 'partition', 'offset']

export const observationText: TableText<ObservationRow> = {
  table: 'observations',
  columns: [
    ...[
      'project',
      'run',
      'attempt',
      'step',
      'rank',
      'mixture_version',
      'packed_domains',
      'packed_tokens',
      'packed_loss_sum',
      'packed_sequences',
      'signal_names',
      'packed_signals',
    ],
    ...placeColumns,
  ],
  // The hot line: some twenty thousand a second.
  line(row) {
    const names = Object.keys(row.signals)
    const signals =
      names.length === 0
        ? '[],[]'
        : `${texts(names)},[${names.map((name) => `"${packDoubles(row.signals[name]!)}"`).join()}]`
    return `${projectText(row.project)},${runText(row.run)},${row.attempt},${row.step},${row.rank},${row.mixtureVersion},"${packIndices(row.domains)}","${packDoubles(row.tokens)}","${packDoubles(row.lossSum)}","${packDoubles(row.sequences)}",${signals},${place(row)}`
  },
}

export const runEventText: TableText<RunEventRow> = {
  table: 'run_events',
  columns: ['project', 'run', 'attempt', 'step', 'name', 'data', 'event_id', ...placeColumns],
  line: (row) =>
    `${text(row.project)},${text(row.run)},${row.attempt},${row.step},${text(row.name)},${text(row.data)},${text(row.id ?? '')},${place(row)}`,
}

export const evaluationText: TableText<EvaluationRow> = {
  table: 'evaluations_measured',
  columns: [
    'project',
    'run',
    'attempt',
    'step',
    'packed_domains',
    'packed_loss',
    'tasks',
    'packed_scores',
    ...placeColumns,
  ],
  line: (row) =>
    `${text(row.project)},${text(row.run)},${row.attempt},${row.step},"${packIndices(row.domains)}","${packDoubles(row.loss)}",${texts(Object.keys(row.scores))},"${packDoubles(Object.values(row.scores))}",${place(row)}`,
}

export const metricText: TableText<MetricRow> = {
  table: 'metrics_logged',
  columns: ['project', 'run', 'attempt', 'step', 'rank', 'names', 'packed_values', ...placeColumns],
  line: (row) =>
    `${text(row.project)},${text(row.run)},${row.attempt},${row.step},${row.rank},${texts(row.names)},"${packDoubles(row.values)}",${place(row)}`,
}

export const deadLetterText: TableText<DeadLetterRow> = {
  table: 'dead_letters',
  columns: ['topic', 'source_partition', 'source_offset', 'key', 'because', 'bytes', ...placeColumns],
  line: (row) =>
    `${text(row.topic)},${row.sourcePartition},${row.sourceOffset},${text(row.key)},${text(row.because)},${row.bytes},${place(row)}`,
}
