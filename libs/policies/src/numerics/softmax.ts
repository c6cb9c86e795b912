import { sum } from './sum.js'

/**
 * exp(xᵢ) / Σ exp(xⱼ) with the maximum taken out first, so that no finite input overflows.
 * −Infinity gives a weight of exactly 0. Where that leaves nothing to compare (all −Infinity, or some +Infinity)
 * the largest entries share evenly, which is the limit.
 */
export function softmax(logits: readonly number[]): readonly number[] {
  let largest = -Infinity
  for (const logit of logits) if (logit > largest) largest = logit
  const powers = Number.isFinite(largest)
    ? logits.map((logit) => Math.exp(logit - largest))
    : logits.map((logit) => (logit === largest ? 1 : 0))
  const total = sum(powers)
  return powers.map((power) => power / total)
}
