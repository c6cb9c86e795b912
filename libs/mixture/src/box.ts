import { projectToSimplex, sum } from '@mixdesk/policies'

/** Mixtures between bounds: { w : Σ wᵢ = 1, lowerᵢ ≤ wᵢ ≤ upperᵢ }. */
export type Box = { readonly lower: readonly number[]; readonly upper: readonly number[] }

/** Sums and changes that differ by less are the same: rounding noise is no reason to move a mixture. */
export const tolerance = 1e-12

/** Rounding noise is no reason to project: it would be reported as a guard rail that bit. */
export const inBox = (weights: readonly number[], { lower, upper }: Box, noise = 1e-15): boolean =>
  weights.every((weight, i) => weight >= lower[i]! - noise && weight <= upper[i]! + noise)

/** The nearest mixture of the box; undefined where it holds none. */
export const projected = (weights: readonly number[], { lower, upper }: Box): readonly number[] | undefined =>
  projectToSimplex(weights, lower, upper)

/** The same where the box is known to hold a mixture: a run whose box holds none is refused, or held. */
export const intoBox = (weights: readonly number[], box: Box): readonly number[] =>
  projected(weights, box) ?? weights

/** The mixture of the box with the highest entropy: wᵢ = clamp(c, lowerᵢ, upperᵢ), the one nearest to the uniform one too. */
export const evenest = (box: Box): readonly number[] | undefined =>
  projected(
    box.lower.map((_, __, all) => 1 / all.length),
    box,
  )

/** −Σ w ln w, nats. */
export function entropyOf(weights: readonly number[]): number {
  let total = 0
  for (const weight of weights) if (weight > 0) total -= weight * Math.log(weight)
  return total
}

/** Sum over domains of |a − b|. */
export const distance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((total, value, i) => total + Math.abs(value - b[i]!), 0)

/** Divides by the sum, so that rounding never adds up over a run. */
export function renormalise(weights: readonly number[]): readonly number[] {
  const total = sum(weights)
  return total === 1 ? weights : weights.map((weight) => weight / total)
}

/**
 * The first mixture on the straight way from one to another that holds what is asked; the other end holds it. Bisects 60
 * times, the same way everywhere. What is asked must hold from one point of the way on, as it does for convex sets.
 */
export function firstOnTheWay(
  from: readonly number[],
  to: readonly number[],
  holds: (weights: readonly number[]) => boolean,
): readonly number[] {
  let [short, enough] = [0, 1]
  for (let round = 0; round < 60; round++) {
    const middle = (short + enough) / 2
    if (holds(between(from, to, middle))) enough = middle
    else short = middle
  }
  return enough === 1 ? to : renormalise(between(from, to, enough))
}

export const between = (from: readonly number[], to: readonly number[], share: number): readonly number[] =>
  from.map((weight, i) => weight + share * (to[i]! - weight))

/** Numbers in sentences. */
export const round = (value: number): number => Number(value.toPrecision(4))
/** The first of a list, for sentences. */
export const few = (all: readonly string[], most = 12): string =>
  all.length > most ? `${all.slice(0, most).join(', ')}, … (${all.length} in all)` : all.join(', ')
