import {
  dependsOnOrder,
  effectiveTokens,
  heldOutLosses,
  learn,
  untaught,
  type WorldState,
} from './dynamics.js'
import { domainLesson } from './pass-rates.js'
import { targetLoss, type World } from './world.js'

/** The fixed mixture with the lowest target loss after `tokens` tokens, and that loss. */
export type BestMixture = { readonly weights: readonly number[]; readonly loss: number }

/** Noise-free held-out losses after `tokens[k]` of each domain, read side by side and evenly, in so many steps where their number matters. */
export const lossesAfter = (world: World, tokens: readonly number[], steps = 200): number[] =>
  heldOutLosses(world, trainedOn(world, tokens, steps))

/** Target loss after training on `tokens` tokens of a fixed mixture. */
export const lossOfMixture = (
  world: World,
  weights: readonly number[],
  tokens: number,
  steps?: number,
): number =>
  targetLoss(
    world,
    lossesAfter(
      world,
      weights.map((weight) => weight * tokens),
      steps,
    ),
  )

function trainedOn(world: World, tokens: readonly number[], steps: number): WorldState {
  if (!dependsOnOrder(world)) return learn(world, untaught(world), tokens)
  const each = tokens.map((n) => n / steps)
  let state = untaught(world)
  for (let step = 0; step < steps; step++) state = learn(world, state, each, expectedFactors(world, state))
  return state
}

/** What a token of each domain teaches on average, where that depends on the model: rollouts of prompts. */
export function expectedFactors(world: World, state: WorldState): readonly number[] | undefined {
  if (world.kind !== 'prompts') return undefined
  const effective = effectiveTokens(world, state)
  return world.domains.map((domain, k) => domainLesson(domain, effective[k]!, world.rolloutsPerPrompt))
}

/**
 * Moves weight between pairs of domains while that helps, in halving steps. Where the order of reading doesn't matter the
 * target is convex in the weights (power laws of linear functions), so where no pair helps, nothing does. Elsewhere the
 * search begins at several mixtures and the best end counts; the spec holds it against random ones.
 */
export function bestFixedMixture(
  world: World,
  tokens: number,
  { tolerance = 1e-6, steps = 200 }: { readonly tolerance?: number; readonly steps?: number } = {},
): BestMixture {
  const width = world.domains.length
  const even = new Array<number>(width).fill(1 / width)
  const loss = (weights: readonly number[]) => lossOfMixture(world, weights, tokens, steps)
  if (!dependsOnOrder(world)) return descend(even, loss, tolerance)
  const coarse = [even, ...even.map((_, k) => even.map((weight, i) => (weight + (i === k ? 1 : 0)) / 2))]
    .map((start) => descend(start, loss, 0.01))
    .reduce((best, one) => (one.loss < best.loss ? one : best))
  return descend(coarse.weights, loss, tolerance, 0.01)
}

function descend(
  start: readonly number[],
  lossOf: (weights: readonly number[]) => number,
  tolerance: number,
  firstStep = 0.25,
): BestMixture {
  const width = start.length
  const weights = [...start]
  let loss = lossOf(weights)
  for (let step = firstStep; step > tolerance; step /= 2) {
    for (let improved = true; improved;) {
      improved = false
      for (let from = 0; from < width; from++)
        for (let to = 0; to < width; to++) {
          const moved = Math.min(step, weights[from]!)
          if (from === to || moved === 0) continue
          const { [from]: give, [to]: take } = weights as Record<number, number>
          weights[from] = give! - moved
          weights[to] = take! + moved
          const tried = lossOf(weights)
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
