import type { StepFact } from '../policy.js'

/** Names of the signals for a matrix of so many columns; for none, of the one that stands in for it. */
export function columnSignals(columns: number): readonly string[] {
  return columns === 0
    ? ['gradientAlignment']
    : Array.from({ length: columns }, (_, j) => `gradientInnerProduct.${j}`)
}

/**
 * (G q)(i) of every domain, up to a common factor: how well its mean gradient agrees with the evaluation mixture's. `null`
 * for domains without samples; undefined where no domain has any, or a signal is missing.
 */
export function usefulness(
  proportions: readonly number[],
  fact: StepFact,
): readonly (number | null)[] | undefined {
  const samples = fact.signals['gradientSamples']
  if (samples === undefined) return undefined
  const columns = columnSignals(proportions.length).map((name) => fact.signals[name])
  if (columns.includes(undefined)) return undefined
  // What column j counts for: q(j) / |S(j)|. The mixed target is a single column that counts once.
  const scales =
    proportions.length === 0
      ? [1]
      : proportions.map((share, j) => (hasSamples(fact, samples, j) ? share / samples[j]! : 0))
  const useful = fact.present.map((_, i) => {
    if (!hasSamples(fact, samples, i)) return null
    let total = 0
    for (let j = 0; j < columns.length; j++)
      if (scales[j]! > 0) total = within(total + within(columns[j]![i]! * scales[j]!))
    const mean = within(total / samples[i]!)
    return Number.isNaN(mean) ? null : mean
  })
  return useful.every((one) => one === null) ? undefined : useful
}

function hasSamples(fact: StepFact, samples: readonly number[], i: number): boolean {
  return fact.present[i] === true && samples[i]! > 0
}

/** Keeps sums of huge products finite. */
function within(value: number): number {
  return Math.min(Math.max(value, -1e300), 1e300)
}
