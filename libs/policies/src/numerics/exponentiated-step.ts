import { softmax } from './softmax.js'
import { sum } from './sum.js'

/**
 * One step of exponentiated ascent in log space: wᵢ·exp(exponentᵢ) / Σⱼ wⱼ·exp(exponentⱼ). Exponents may be infinite.
 * A weight of 0 stays 0: a multiplicative rule never brings a domain back.
 */
export function exponentiatedStep(
  weights: readonly number[],
  exponents: readonly number[],
): readonly number[] {
  return softmax(weights.map((weight, i) => Math.log(weight) + bounded(exponents[i]!)))
}

/** The same among the domains with an exponent, who share what they had together; the others stay where they are. */
export function exponentiatedStepAmong(
  weights: readonly number[],
  exponents: readonly (number | null)[],
): readonly number[] {
  const mass = sum(weights.filter((_, i) => exponents[i] !== null))
  const shares = exponentiatedStep(
    weights.map((weight, i) => (exponents[i] === null ? 0 : weight)),
    exponents.map((exponent) => exponent ?? 0),
  )
  return weights.map((weight, i) => (exponents[i] === null ? weight : mass * shares[i]!))
}

/** Keeps differences of exponents finite. */
function bounded(exponent: number): number {
  return Math.min(Math.max(exponent, -1e300), 1e300)
}
