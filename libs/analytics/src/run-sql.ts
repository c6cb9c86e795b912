import { AnalyticsError } from './analytics-error.js'
import type { SqlColumn, SqlResult } from './analytics.js'
import { gate } from './gate/gate.js'
import type { Link } from './link.js'

export const defaultMaxRows = 10_000
const mostRows = 1_000_000

/** What a person's query may use. `readonly` comes last: after it nothing can be set. */
export const adhocSettings = {
  max_execution_time: 30,
  timeout_overflow_mode: 'throw',
  max_memory_usage: 1_000_000_000,
  max_rows_to_read: 2_000_000_000,
  max_result_bytes: 256_000_000,
  result_overflow_mode: 'throw',
  max_threads: 2,
  final: 1,
  output_format_json_quote_64bit_integers: 0,
  // The wrapping must not lose the order asked for inside it.
  query_plan_remove_redundant_sorting: 0,
  optimize_duplicate_order_by_and_distinct: 0,
  readonly: 1,
} as const

type CompactResult = { readonly meta: readonly SqlColumn[]; readonly data: readonly (readonly unknown[])[] }

/** A person's SQL: through the gate, wrapped with a limit, on the connection that can only read. */
export async function runSql(
  link: Link,
  sql: string,
  options: { readonly maxRows?: number } = {},
): Promise<SqlResult> {
  const started = performance.now()
  const passed = gate(sql)
  if (!passed.ok) throw new AnalyticsError('refused', passed.because)
  const maxRows = Math.min(mostRows, Math.max(1, Math.floor(options.maxRows ?? defaultMaxRows)))
  const bytes = await link.query(`SELECT * FROM (\n${passed.value}\n) LIMIT ${maxRows + 1}`, 'JSONCompact')
  const { meta, data } = JSON.parse(bytes.toString()) as CompactResult
  const truncated = data.length > maxRows
  const columns = meta.map(({ name, type }) => ({ name, type }))
  return {
    columns,
    rows: truncated ? data.slice(0, maxRows) : data,
    truncated,
    elapsedMs: performance.now() - started,
  }
}
