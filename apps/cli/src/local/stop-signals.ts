const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** One Ctrl-C may arrive twice: from the terminal, and passed on by `npm run`. */
const sameKeystrokeMs = 500

/** Calls `stop` on the first signal to stop, and `abort` on every later one. Returns what ends the listening. */
export function onStopSignals(stop: () => void, abort: () => void): () => void {
  let first: number | undefined
  const listener = (): void => {
    if (first === undefined) {
      first = performance.now()
      stop()
    } else if (performance.now() - first > sameKeystrokeMs) abort()
  }
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
