import { bestFixedMixture, worlds } from '@mixdesk/simulation'
import { mean, pairedDifference } from './paired.mjs'
import { batchTokens, runPolicy, signalsIn, usual } from './run-policy.mjs'

export const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

/** The best fixed mixture of a world after a usual run, searched for once. */
const found = new Map()
export function bestOf(name) {
  if (!found.has(name)) found.set(name, bestFixedMixture(worlds[name], usual.steps * batchTokens))
  return found.get(name)
}

/** The best fixed mixture of a world after a usual run, and what equal weights lead to with every seed. */
export function baselineOf(name) {
  const world = worlds[name]
  const best = bestOf(name)
  const uniform = seeds.map((seed) => runPolicy({ world, policy: 'uniform', seed }).loss)
  return { name, world, best, uniform, gap: mean(uniform) - best.loss }
}

/**
 * Target loss at the end of a run with every seed, less that of the best fixed mixture, in percent of what equal weights
 * lose to it; and the paired difference to equal weights in the same unit. Undefined where the world lacks a signal.
 */
export function regretOf(setup, { world, best, uniform, gap }) {
  const config = setup.configIn(world)
  if (signalsIn(world, setup.policy, config) === undefined) return undefined
  const losses = seeds.map((seed) => lossOf(setup, world, config, seed))
  const percent = (nats) => (100 * nats) / gap
  const { mean: difference, halfWidth } = pairedDifference(losses, uniform)
  return {
    regret: percent(mean(losses) - best.loss),
    difference: percent(difference),
    halfWidth: percent(halfWidth),
  }
}

function lossOf({ policy, trainer, result }, world, config, seed) {
  const run = runPolicy({ world, policy, config, seed, trainer })
  if (result === undefined) return run.loss
  // A proxy run is for its result, by which another run samples; that one's batches are its own.
  const weights = result(run.policyState)
  return runPolicy({ world, policy: 'static', seed: seed + 1000, weights }).loss
}
