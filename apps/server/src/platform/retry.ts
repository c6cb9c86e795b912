import { setTimeout as delay } from 'node:timers/promises'

export const isRetriable = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && (error as { retriable?: unknown }).retriable === true

/** Does the work until it succeeds or fails for good; waits longer after each outage, up to two seconds, with jitter from the attempt number. */
export async function untilItSucceeds<T>(
  work: () => Promise<T>,
  options: {
    readonly signal?: AbortSignal
    readonly onRetry?: (error: unknown, attempt: number) => void
    /** Which errors pass by themselves. Default: those marked retriable. */ readonly retries?: (
      error: unknown,
    ) => boolean
  } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(options.retries ?? isRetriable)(error) || options.signal?.aborted === true) throw error
      options.onRetry?.(error, attempt)
      const ceiling = Math.min(2000, 25 * 2 ** attempt)
      await delay(
        ceiling * (0.5 + 0.5 * Math.random()),
        undefined,
        options.signal === undefined ? {} : { signal: options.signal },
      )
    }
  }
}
