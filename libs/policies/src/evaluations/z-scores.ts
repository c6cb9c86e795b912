import { sum } from '../numerics/sum.js'

/** Spreads up to this share of the size of the numbers are rounding: then all are the same. */
const rounding = 1e-12

/**
 * How many (population) standard deviations each finite number lies above the mean; all 0 where they do not differ.
 * The largest deviation is divided out first, so that no square overflows.
 */
export function zScores(values: readonly number[]): readonly number[] {
  const size = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  const mean = sum(values.map((value) => value / values.length))
  const farthest = values.reduce((largest, value) => Math.max(largest, Math.abs(value - mean)), 0)
  if (!(farthest > rounding * size)) return values.map(() => 0)
  const deviations = values.map((value) => (value - mean) / farthest)
  const spread = Math.sqrt(sum(deviations.map((one) => one * one)) / values.length)
  return deviations.map((one) => one / spread + 0)
}
