import type { AioliConfig } from './aioli-config.js'
import { probeMixture, type Interaction } from './aioli-interaction.js'
import type { Gathered } from '../evaluations/gather-evaluation.js'
import { shuffledOrder } from './shuffled-order.js'

/** A probe under way: its place in the order, the steps sampled under it, and whether the run took it on. */
export type Probe = {
  readonly at: number
  readonly steps: number
  readonly accepted: boolean
  /** The step that completed it, `null` before; an evaluation of this step or later ends the probe. */
  readonly due: number | null
  /** Sum of the mixtures in force in its steps where they were not the intended one. */
  readonly mixtures: readonly number[] | null
  /** Held-out losses before it. */
  readonly before: readonly (number | null)[]
}

export type AioliState = {
  /** The policy's own mixture when it does not probe, and the logarithms that add up to it. */
  readonly weights: readonly number[]
  readonly logits: readonly number[]
  /** The interactions of the last round, and their moving average where there is one. */
  readonly interaction: Interaction | null
  readonly average: Interaction | null
  /** Rounds of probes so far. */
  readonly updates: number
  /** `waiting` for the evaluation that begins a round, `probing`, or `training` for `stepsLeft` more steps. */
  readonly phase: 'waiting' | 'probing' | 'training'
  readonly stepsLeft: number
  /** The domains to probe in this (or the next) round, in order, and how many random numbers were drawn for orders. */
  readonly order: readonly number[]
  readonly drawn: number
  readonly probe: Probe | null
  /** In `waiting`: the first step whose evaluation counts. */
  readonly boundary: number
  /** The last step closed. */
  readonly step: number
  readonly latest: Gathered | null
  /** By probed domain: the falls of all losses (none yet: empty), the mixtures in force where bent; by domain: measured throughout. */
  readonly columns: Interaction
  readonly bent: readonly (readonly number[] | null)[]
  readonly measured: readonly boolean[]
  /** The mixture last taken on; the policy's wish and own weights then. */
  readonly inForce: readonly number[]
  readonly base: readonly number[]
  readonly explained: readonly number[]
  /** Why the last round changed nothing, where that needs saying. */
  readonly because: string | null
}

/** The mixture it wants now. */
export function wish(config: AioliConfig, { probe, order, weights }: AioliState): readonly number[] {
  return probe === null ? weights : probeMixture(weights.length, order[probe.at]!, config.oneHotFactor)
}

/** The next random order: every domain once a sweep. */
export function drawOrder(
  config: AioliConfig,
  domains: number,
  drawn: number,
): { readonly order: readonly number[]; readonly drawn: number } {
  const sweeps = Array.from({ length: config.sweeps }, (_, sweep) =>
    shuffledOrder(domains, config.seed, drawn + sweep * (domains - 1)),
  )
  return { order: sweeps.flat(), drawn: drawn + config.sweeps * (domains - 1) }
}
