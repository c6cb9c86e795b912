import { logSumExp } from '../numerics/log-sum-exp.js'
import { softmax } from '../numerics/softmax.js'
import { sum } from '../numerics/sum.js'

/** A temperature above 0; `infinite` is the limit, in which sizes no longer matter. */
export type Temperature = number | 'infinite'

export const isTemperature = (value: number | string): boolean =>
  typeof value === 'number' ? value > 0 : value === 'infinite'

export type Tempered = {
  /** p(i; τ) ∝ size^(1/τ); exactly 0 for a domain of size 0. */
  readonly weights: readonly number[]
  /** p(i; τ) / p(i; 1): factors on the loss that have the same expected gradient under proportional sampling. */
  readonly lossMultipliers: readonly number[]
  /** Σ p(i; τ)² / p(i; 1) ≥ 1: how much more variance those factors have than sampling. */
  readonly varianceFactor: number
}

/** Temperature sampling of sizes, in logarithms, since corpora span nine orders of magnitude (arXiv 2410.04579, §2 and §3). */
export function temper(sizes: readonly number[], temperature: Temperature): Tempered {
  let largest = 0
  for (const size of sizes) if (size > largest) largest = size
  // Relative to the largest: 0 for that one, so that no temperature overflows it.
  const proportional = sizes.map((size) => (size > 0 ? Math.log(size) - Math.log(largest) : -Infinity))
  const heated = proportional.map((logit) => cooled(logit, temperature))
  const weights = softmax(heated)
  const shift = logSumExp(proportional) - logSumExp(heated)
  const lossMultipliers = weights.map((weight, i) =>
    weight === 0 ? 0 : Math.min(Math.exp(heated[i]! - proportional[i]! + shift), Number.MAX_VALUE),
  )
  const variance = sum(weights.map((weight, i) => weight * lossMultipliers[i]!))
  return { weights, lossMultipliers, varianceFactor: Math.min(variance, Number.MAX_VALUE) }
}

function cooled(logit: number, temperature: Temperature): number {
  if (logit === -Infinity) return logit
  return temperature === 'infinite' ? 0 : logit / temperature + 0
}
