import { sum } from './sum.js'

/**
 * Scales non-negative numbers to a mixture that sums to one within 1e-12, or returns undefined where there is none:
 * an entry is negative or not finite, or all are zero. The last gate that weights pass on their way out of a policy.
 */
export function toMixture(values: readonly number[]): readonly number[] | undefined {
  for (const value of values) if (!(value >= 0 && value < Infinity)) return undefined
  const total = sum(values)
  if (!(total > 0 && total < Infinity)) return undefined
  // Adding 0 turns -0, which JSON cannot carry, into 0.
  return values.map((value) => value / total + 0)
}
