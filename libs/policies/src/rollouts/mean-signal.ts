import type { StepFact } from '../policy.js'

/** Beyond this a mean counts as this, so that sums and differences of means stay finite. */
const largest = 1e300

/**
 * Mean of domain i in a step, from a sum and a count of it; undefined where the domain is absent, its count is not
 * positive, or a number is missing or not finite.
 */
export function meanSignal(
  fact: StepFact,
  sums: readonly number[] | undefined,
  counts: readonly number[] | undefined,
  i: number,
): number | undefined {
  if (sums === undefined || counts === undefined || fact.present[i] !== true) return undefined
  const mean = sums[i]! / counts[i]!
  if (!(counts[i]! > 0) || Number.isNaN(mean) || !Number.isFinite(sums[i]!)) return undefined
  return Math.min(Math.max(mean, -largest), largest) + 0
}
