import type { AdoSettings } from './ado-settings.js'
import { scalingLawLoss, type ScalingLaw } from './scaling-law.js'
import { softmax } from '../numerics/softmax.js'

/** What a step of the policy rests on, one number or law per domain. */
export type AdoStanding = {
  readonly prior: readonly number[]
  readonly credit: readonly number[]
  /** The running average of preferences. */
  readonly average: readonly number[]
  /** Data seen, in the unit that the laws are about. */
  readonly counts: readonly number[]
  readonly laws: readonly (ScalingLaw | null)[]
}

/** What of the weights comes from where; the terms add up to them, domain by domain. */
export type AdoTerms = {
  readonly prior: readonly number[]
  readonly credit: readonly number[]
  readonly learningSpeed: readonly number[]
  readonly floor: readonly number[]
  readonly average: readonly number[]
}

export type AdoWeights = {
  readonly weights: readonly number[]
  readonly average: readonly number[]
  readonly terms: AdoTerms
}

/**
 * The preference ρ, then the policy π from it and from the average of earlier preferences, then the new average. Official
 * code, recommended and paper put the floor on ρ; Mixtera puts it on π, of domains seen so far. O(K).
 */
export function adoStep(settings: AdoSettings, standing: AdoStanding, step: number): AdoWeights {
  const { variant, preferenceShare: share } = settings
  const { prior, average } = standing
  const credited = prior.map((weight, i) => weight * creditOf(settings, standing.credit[i]!))
  const speeds = preference(settings, standing, credited)
  const preferred = variant === 'mixtera' ? speeds : floored(speeds, floorOf(settings, prior.length))
  const mixed = average.map((old, i) => (1 - share) * old + share * preferred[i]!)
  const weights =
    variant === 'mixtera' ? flooredWhereSeen(scaled(mixed), standing.counts, settings.floor) : mixed
  const favoured = scaled(credited)
  const part = 1 / (step + 1)
  const next = average.map((old, i) => (1 - part) * old + part * preferred[i]!)
  return {
    weights,
    average: variant === 'mixtera' ? scaled(next) : next,
    terms: {
      // Adding 0 turns -0, which JSON cannot carry, into 0.
      prior: prior.map((weight) => share * weight),
      credit: favoured.map((weight, i) => share * (weight - prior[i]!) + 0),
      learningSpeed: speeds.map((weight, i) => share * (weight - favoured[i]!) + 0),
      floor: weights.map((weight, i) => weight - (1 - share) * average[i]! - share * speeds[i]! + 0),
      average: average.map((old) => (1 - share) * old),
    },
  }
}

function creditOf({ creditOf: of, creditExponent }: AdoSettings, share: number): number {
  return Math.pow(of === 'share' ? share : Math.max(0, share * (1 - share)), creditExponent)
}

/** Prior times credit times learning speed, scaled to sum 1. */
function preference(
  settings: AdoSettings,
  standing: AdoStanding,
  credited: readonly number[],
): readonly number[] {
  if (settings.variant !== 'official' && settings.variant !== 'mixtera')
    return inLogarithms(settings, standing, credited)
  // As their code computes it: the reducible loss is a difference, so what is far below the irreducible loss rounds to 0.
  const products = standing.laws.map((law, i) => {
    const count = standing.counts[i]!
    if (law === null || (settings.variant === 'mixtera' && !(count > 0))) return 0
    const reducible = scalingLawLoss(law, count) - Math.exp(law.logIrreducible)
    const slope = (Math.max(law.exponent, settings.slopeExponentFloor) * reducible) / count
    return Math.max(0, slope * credited[i]!)
  })
  const total = products.reduce((a, b) => a + b, 0)
  if (total > 0 && total < Infinity) return products.map((product) => product / total)
  // Where the official code divides by zero, the same in logarithms; Mixtera falls back on a share of the prior.
  if (settings.variant === 'mixtera' && total === 0)
    return standing.prior.map((weight) => weight / products.length)
  return inLogarithms(settings, standing, credited)
}

/** The same with nothing that rounds to 0 or overflows. A domain without a law keeps its prior share. */
function inLogarithms(
  settings: AdoSettings,
  { prior, counts, laws }: AdoStanding,
  credited: readonly number[],
): readonly number[] {
  const logits = laws.map((law, i) => {
    const exponent = law === null ? 0 : Math.max(law.exponent, settings.slopeExponentFloor)
    if (law === null || !(exponent > 0) || !(credited[i]! > 0)) return -Infinity
    // A domain that has not been seen yet learns as after its first unit.
    const logCount = counts[i]! > 0 ? Math.log(counts[i]!) : 0
    const known = Math.log(credited[i]!) + Math.log(exponent)
    return bounded(known + law.logScale - (law.exponent + 1) * logCount)
  })
  if (logits.every((logit) => logit === -Infinity)) return prior
  const kept = laws.map((law, i) => (law === null ? prior[i]! : 0))
  const rest = Math.max(0, 1 - kept.reduce((a, b) => a + b, 0))
  return softmax(logits).map((speed, i) => kept[i]! + rest * speed)
}

const bounded = (logit: number): number => Math.min(Math.max(logit, -1e300), 1e300)

/** More than half of uniform is no floor but a mixture of its own; the published codes have no such limit. */
function floorOf({ variant, floor }: AdoSettings, domains: number): number {
  return variant === 'official' ? floor : Math.min(floor, 0.5 / domains)
}

/** max(p, floor), scaled to sum 1 after it, so a floored domain ends a little below. Where floors exceed 1 the rest shrinks first. */
function floored(weights: readonly number[], floor: number): readonly number[] {
  const total = weights.reduce((a, b) => a + b, 0)
  const scale = (1 - Math.max(floor * weights.length - total, 0)) / total
  return scaled(weights.map((weight) => Math.max(weight * scale, floor)))
}

function flooredWhereSeen(
  weights: readonly number[],
  counts: readonly number[],
  floor: number,
): readonly number[] {
  return scaled(weights.map((weight, i) => (counts[i]! > 0 ? Math.max(weight, floor) : weight)))
}

/** Divided by their sum; as they are where that is 0. */
function scaled(values: readonly number[]): readonly number[] {
  const total = values.reduce((a, b) => a + b, 0)
  return total > 0 && total < Infinity ? values.map((value) => value / total) : values
}
