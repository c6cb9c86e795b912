/** Milliseconds before try number `attempt` (from 0): doubling, capped, and spread so that many do not retry at once. */
export const backoffMs = (attempt: number, firstMs = 100, mostMs = 5_000): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16)) * (0.75 + Math.random() * 0.5)

/** True where whoever threw says that the same may succeed later. */
export const isRetriable = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && (error as { retriable?: unknown }).retriable === true

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
