import type { StepFact } from '../policy.js'

/**
 * Mean of a number that is the same for every domain, such as the learning rate: its sums of all domains over their counts.
 * Undefined where no domain has a count, or the result is not finite.
 */
export function pooledMean(
  fact: StepFact,
  sums: readonly number[] | undefined,
  counts: readonly number[] | undefined,
): number | undefined {
  if (sums === undefined || counts === undefined) return undefined
  let total = 0
  let count = 0
  for (let i = 0; i < counts.length; i++) {
    if (fact.present[i] !== true || !(counts[i]! > 0)) continue
    total += sums[i]!
    count += counts[i]!
  }
  const mean = total / count
  return Number.isFinite(mean) ? mean + 0 : undefined
}
