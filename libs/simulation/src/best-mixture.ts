import { lossesAfter, targetLoss, type World } from './world.js'

/** The fixed mixture with the lowest target loss after `tokens` tokens, and that loss. */
export type BestMixture = { readonly weights: readonly number[]; readonly loss: number }

/** Target loss after training on `tokens` tokens of a fixed mixture. */
export const lossOfMixture = (world: World, weights: readonly number[], tokens: number): number =>
  targetLoss(
    world,
    lossesAfter(
      world,
      weights.map((weight) => weight * tokens),
    ),
  )

/**
 * Moves weight between pairs of domains while that helps, in halving steps. The target is convex in the weights (power
 * laws of linear functions), so where no pair helps, nothing does.
 */
export function bestFixedMixture(world: World, tokens: number, tolerance = 1e-6): BestMixture {
  const width = world.domains.length
  const weights = new Array<number>(width).fill(1 / width)
  let loss = lossOfMixture(world, weights, tokens)
  for (let step = 0.25; step > tolerance; step /= 2) {
    for (let improved = true; improved;) {
      improved = false
      for (let from = 0; from < width; from++)
        for (let to = 0; to < width; to++) {
          const moved = Math.min(step, weights[from]!)
          if (from === to || moved === 0) continue
          const { [from]: give, [to]: take } = weights as Record<number, number>
          weights[from] = give! - moved
          weights[to] = take! + moved
          const tried = lossOfMixture(world, weights, tokens)
          if (tried < loss) {
            loss = tried
            improved = true
          } else {
            weights[from] = give!
            weights[to] = take!
          }
        }
    }
  }
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return { weights: weights.map((weight) => weight / sum), loss }
}
