import { AnalyticsError } from './analytics-error.js'

/** Limits a query ran into: the query is at fault when it is a person's, the machine when it is ours. */
const exhausted = new Set([158, 159, 160, 191, 241, 290, 307, 396])
/** Nothing wrong with the rows: the engine is busy, full, starting, read-only or away. */
const outage = new Set([
  3, 95, 96, 164, 198, 202, 203, 209, 210, 225, 236, 242, 243, 252, 279, 285, 319, 394, 425, 439, 999,
])
/** The engine's complaint as ours, by class: an outage is retried, anything else is not. */
export function asAnalyticsError(error: unknown, whose: 'ours' | 'persons'): AnalyticsError {
  if (error instanceof AnalyticsError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error, message)
  const said = message.replace(/^Code: \d+\. DB::Exception: /, '').slice(0, 1000)
  if (code === undefined) {
    // No word from the engine: a broken connection, or whoever stands in front of it. A bug of ours has a class of its own.
    const ourBug = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
    return ourBug
      ? new AnalyticsError('internal', `The history failed: ${said}`, { cause: error })
      : new AnalyticsError('unavailable', `The history cannot be reached: ${said}`, { cause: error })
  }
  if (exhausted.has(code))
    return whose === 'persons'
      ? new AnalyticsError(
          'too-expensive',
          `The query needs more than it may use: ${said} Narrow it, by run and by step for example.`,
          { cause: error },
        )
      : new AnalyticsError('unavailable', `The history ran out of time or memory: ${said}`, { cause: error })
  if (outage.has(code))
    return new AnalyticsError('unavailable', `The history cannot serve now: ${said}`, { cause: error })
  return whose === 'persons'
    ? new AnalyticsError('invalid', said, { cause: error })
    : new AnalyticsError('internal', `The history refused a statement: ${said}`, { cause: error })
}

function codeOf(error: unknown, message: string): number | undefined {
  const fromText =
    /(?:^|\s)Code: (\d+)\./.exec(message)?.[1] ?? (error as { code?: unknown } | undefined)?.code
  const code = Number(fromText)
  return Number.isInteger(code) && code > 0 ? code : undefined
}
