/** What Nest wants of a logger, and nothing of Nest. */
export type LineLogger = {
  readonly [level in 'debug' | 'verbose' | 'log' | 'warn' | 'error' | 'fatal']: (
    message: unknown,
    ...rest: unknown[]
  ) => void
}

const order = ['debug', 'log', 'warn', 'error'] as const

/** One line a message, to wherever it shall go instead of standard output. */
export function createLineLogger(least: (typeof order)[number], write: (line: string) => void): LineLogger {
  const at =
    (level: (typeof order)[number]) =>
    (message: unknown, ...rest: unknown[]): void => {
      if (order.indexOf(level) < order.indexOf(least)) return
      const context = rest.length > 0 ? `${String(rest.at(-1))}: ` : ''
      write(
        `${new Date().toISOString()} ${level} ${context}${typeof message === 'string' ? message : JSON.stringify(message)}\n`,
      )
    }
  return {
    debug: at('debug'),
    verbose: at('debug'),
    log: at('log'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('error'),
  }
}
