/** Limits of HTTP; those of single messages are the contracts'. */
export const limits = {
  /** Largest body. */
  bodyBytes: 16 * 1024 * 1024,
  /** Most events of a batch. */
  batchEvents: 10_000,
} as const
