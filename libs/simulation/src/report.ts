import type { WorldState } from './dynamics.js'
import type { Gradients } from './gradients.js'
import type { Random } from './random.js'
import type { Group } from './rollouts.js'
import type { World } from './world.js'

/** What one rank knows when it reports a step. */
export type Report = {
  readonly world: World
  /** The model that the batch was run through. */
  readonly state: WorldState
  /** Mean loss of the rank's tokens, by domain; 0 where it has none. */
  readonly means: readonly number[]
  readonly tokens: readonly number[]
  readonly sequences: readonly number[]
  readonly weights: readonly number[]
  readonly reference: readonly number[]
  readonly learningRate: number
  readonly gradients: () => Gradients
  /** Prompts with their rollouts; none where domains are no prompts. */
  readonly groups: readonly Group[]
  /** The last bin of pass rates that was asked for. */
  readonly lastBin: number
  /** Whether held-out questions are asked in this step. */
  readonly evaluated: boolean
  /** Chance for the numbers of one signal, unrelated to that of the others. */
  readonly chance: (stream: number) => Random
}

/** Sums by domain; undefined in a step that doesn't carry the signal. `argument`: what follows the dot in its name. */
export type Signal = (report: Report, argument: string) => number[] | undefined
