// Worlds to train and to measure on: power laws of four domains, drawn at random, so that an agent has to find out which
// domain is worth its tokens from what the run reports. Seeds below a million are for training, those from there on have served
// to choose settings of the training, and those from two million on are for the numbers in the README.
import { lossesAfter, randomFor, targetLoss } from '@mixdesk/simulation'

export const domains = ['web', 'code', 'books', 'math']
export const intervals = 20
export const stepsPerInterval = 16
export const sequences = 64
export const sequenceLength = 1024
export const stepTokens = sequences * sequenceLength
export const intervalTokens = stepsPerInterval * stepTokens
export const horizonSteps = intervals * stepsPerInterval
export const evaluationNoise = 0.01
export const firstHeldOutSeed = 2_000_000

const stream = 11

/**
 * A world for a seed: floors, scales, exponents and speeds of all domains are drawn alike; in every other one they teach each other.
 * @returns {import('@mixdesk/simulation').PowerWorld}
 */
export function randomWorld(seed) {
  const random = randomFor(stream, seed)
  const between = (low, high) => low + (high - low) * random.uniform()
  const drawn = domains.map((name) => ({
    name,
    floor: between(0.8, 2.6),
    scale: between(3, 8),
    exponent: between(0.25, 0.55),
    tokenScale: Math.exp(between(Math.log(2e4), Math.log(1e7))),
    noise: 0.25,
    importance: 1,
  }))
  const teaches = random.uniform() < 0.5
  const transfer = domains.map((_, k) =>
    domains.map((_, j) => (j === k ? 1 : 0.5 * random.uniform() * random.uniform())),
  )
  return {
    kind: 'power laws',
    name: `random-${seed}`,
    title: 'Four power laws drawn at random',
    domains: drawn,
    ...(teaches ? { transfer } : {}),
  }
}

/** Options of a learner in that world. */
export const learnerOptions = (world, seed, policy = { name: 'uniform' }) => ({
  ...{ run: `run-${seed}`, project: 'train', world, policy, seed, sequences, sequenceLength, horizonSteps },
  ...{ evaluateEvery: stepsPerInterval, evaluationNoise },
})

/** A point of the simplex, uniformly. */
export function anyMixture(random) {
  const drawn = domains.map(() => -Math.log(1 - random.uniform()))
  const total = drawn.reduce((sum, one) => sum + one, 0)
  return drawn.map((one) => one / total)
}

export const normalised = (values) => {
  const total = values.reduce((sum, one) => sum + one, 0)
  return values.map((one) => one / total)
}

/** The fixed mixture that leads to the lowest target loss when so much is left to train on after these tokens. */
export function bestFrom(world, tokens, left, tolerance = 1e-3) {
  const lossOf = (weights) =>
    targetLoss(
      world,
      lossesAfter(
        world,
        tokens.map((count, k) => count + weights[k] * left),
      ),
    )
  const weights = domains.map(() => 1 / domains.length)
  let loss = lossOf(weights)
  for (let step = 0.25; step > tolerance; step /= 2)
    for (let improved = true; improved;) {
      improved = false
      for (let from = 0; from < domains.length; from++)
        for (let to = 0; to < domains.length; to++) {
          const moved = Math.min(step, weights[from])
          if (from === to || moved === 0) continue
          const tried = [...weights]
          tried[from] -= moved
          tried[to] += moved
          const found = lossOf(tried)
          if (found >= loss) continue
          weights.splice(0, weights.length, ...tried)
          loss = found
          improved = true
        }
    }
  return weights
}
