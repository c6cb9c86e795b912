import { expectedFactors } from './best-mixture.js'
import { marginalWorth, slopes, type WorldState } from './dynamics.js'
import type { World } from './world.js'

/**
 * Stand-ins for inner products of gradients. These worlds have no parameters, but they know what a step does, and that is
 * what the inner products are for: training on domain j with learning rate η lowers the loss of i by η·⟨gᵢ, gⱼ⟩ to first
 * order. So `inner(i, j)` is the fall of loss i, in nats, by a step whose whole batch is of domain j, divided by η, and a
 * squared norm is `inner(j, j)`. Unlike real inner products they need not be symmetric: code may teach mathematics more
 * than the other way round.
 */
export type Gradients = {
  inner(i: number, j: number): number
  norm(i: number): number
}

export type GradientScale = {
  /** Tokens of a global batch. */
  readonly batchTokens: number
  readonly learningRate: number
  /** Longer gradients of a domain are scaled to this norm, as trainers clip them. */
  readonly clipNorm: number
}

export function gradientsOf(world: World, state: WorldState, scale: GradientScale): Gradients {
  const steepness = slopes(world, state)
  const worth = marginalWorth(world, state)
  const taught = expectedFactors(world, state)
  const factor = scale.batchTokens / scale.learningRate
  const fall = (i: number, j: number) =>
    -steepness[i]! *
      (world.transfer?.[i]![j] ?? (i === j ? 1 : 0)) *
      worth[j]! *
      (taught?.[j] ?? 1) *
      factor +
    0
  const norms = world.domains.map((_, i) => Math.sqrt(fall(i, i)))
  const clip = norms.map((norm) => (norm > scale.clipNorm ? scale.clipNorm / norm : 1))
  return {
    inner: (i, j) => clip[i]! * clip[j]! * fall(i, j),
    norm: (i) => clip[i]! * norms[i]!,
  }
}
