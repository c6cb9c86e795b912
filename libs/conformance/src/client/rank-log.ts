/** What one rank has said in the current attempt. */
export type RankLog = {
  readonly rank: number
  readonly steps: Set<number>
  lastStep: number
  /** Highest mixture version that its losses named. */
  version: number
  /** Step at which it acknowledged each version. */
  readonly acknowledged: Map<number, number>
  newestAcknowledged: number
}

export const newRankLog = (rank: number, fromStep: number): RankLog => ({
  rank,
  steps: new Set(),
  lastStep: fromStep,
  version: 0,
  acknowledged: new Map(),
  newestAcknowledged: 0,
})

/** The newest version that the rank had acknowledged for this step. */
export function inForceAt({ acknowledged }: RankLog, step: number): number {
  let newest = 0
  for (const [version, since] of acknowledged) if (since <= step && version > newest) newest = version
  return newest
}

/** Steps that a rank has left out, up to where all ranks have come. */
export function missingSteps(logs: readonly RankLog[]): number[] {
  const upTo = Math.min(...logs.map((log) => log.lastStep))
  const all = new Set(logs.flatMap((log) => [...log.steps].filter((step) => step <= upTo)))
  return [...all].filter((step) => logs.some((log) => !log.steps.has(step))).sort((a, b) => a - b)
}
