import type { Controls } from '@mixdesk/contracts'
import { drawBatch } from './draw-batch.js'
import { trainingLosses, type WorldState } from './dynamics.js'
import { randomFor } from './random.js'
import { reweighSequences } from './reweigh-sequences.js'
import { drawGroups, tallyGroups, type Group } from './rollouts.js'
import type { PowerWorld, PromptWorld, World } from './world.js'

/** What a rank trains on in a step, by domain. */
export type Batch = {
  readonly sequences: readonly number[]
  /** Mean loss of its tokens; 0 where it has none. */
  readonly means: readonly number[]
  /** What a token teaches besides its own worth. Absent: 1 throughout. */
  readonly factors?: readonly number[]
  readonly groups: readonly Group[]
}

export type BatchRules = {
  readonly weights: readonly number[]
  readonly controls: Controls
  readonly sequences: number
  readonly seed: number
  readonly step: number
  readonly rank: number
}

/** The noise of a batch hangs on seed, step and rank alone. */
export const drawBatchOf = (world: World, state: WorldState, rules: BatchRules): Batch =>
  world.kind === 'prompts' ? promptBatch(world, state, rules) : sequenceBatch(world, state, rules)

function promptBatch(world: PromptWorld, state: WorldState, rules: BatchRules): Batch {
  const { acceptBand, rolloutCounts } = rules.controls
  const prompts = Math.max(1, Math.round(rules.sequences / world.rolloutsPerPrompt))
  const groups = drawGroups(
    world,
    state,
    {
      weights: rules.weights,
      prompts,
      counts: rolloutCounts ?? world.domains.map(() => world.rolloutsPerPrompt),
      ...(acceptBand === undefined ? {} : { band: acceptBand }),
    },
    randomFor(rules.seed, rules.step, rules.rank),
  )
  const { trained, failed, factors } = tallyGroups(world, groups)
  const means = failed.map((count, k) => (trained[k] === 0 ? 0 : count / trained[k]!))
  return { sequences: trained, means, factors, groups }
}

function sequenceBatch(world: PowerWorld, state: WorldState, rules: BatchRules): Batch {
  const { lossReweighting, batchCounts } = rules.controls
  const random = randomFor(rules.seed, rules.step, rules.rank)
  const offset = random.uniform()
  const sequences = fits(batchCounts, rules.sequences)
    ? batchCounts
    : drawBatch(rules.weights, rules.sequences, offset)
  const losses = trainingLosses(world, state)
  const means = losses.map((loss, k) => {
    // Drawn for every domain, so that a domain's noise does not hang on who else was sampled.
    const noise = random.gauss() * world.domains[k]!.noise
    return sequences[k] === 0 ? 0 : loss + noise / Math.sqrt(sequences[k]!)
  })
  if (lossReweighting === undefined) return { sequences, means, groups: [] }

  const each = sequences.flatMap((count, k) =>
    Array.from({ length: count }, () => losses[k]! + random.gauss() * world.domains[k]!.noise),
  )
  const counted = reweighSequences(lossReweighting, each, rules.step)
  let from = 0
  const factors = sequences.map((count) => {
    let sum = 0
    for (let i = from; i < from + count; i++) sum += counted[i]!
    from += count
    return count === 0 ? 1 : sum / count
  })
  return { sequences, means, factors, groups: [] }
}

const fits = (counts: readonly number[] | undefined, sequences: number): counts is readonly number[] =>
  counts !== undefined && counts.reduce((sum, count) => sum + count, 0) === sequences
