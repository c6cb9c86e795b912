import { emptyWindows, watch, type Chunk, type DomainWindows, type WindowsRule } from './domain-windows.js'
import { floorWeights } from './floor-weights.js'
import type { Policy, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { softmaxAt } from '../numerics/softmax-at.js'
import {
  floorOf,
  floorProblems,
  isDue,
  notYet,
  usualFloor,
  windowDefaults,
  type WindowSettings,
} from './window-settings.js'

export type WindowMixerState = DomainWindows & {
  /** Shares before the floor, at the last update; the weights of the start before the first. */
  readonly share: readonly number[]
  readonly updates: number
  /** Where the parts of the next explanation start. */
  readonly base: { readonly share: readonly number[]; readonly floor: readonly number[] }
}

export type MixerSettings = WindowSettings & {
  readonly windowSequences: number
  readonly temperature: number
}

/** What the mixers have in common but for their rule: settings, and what their guides say of the frame. */
export const mixerFrame = {
  /** Those of DataFlex-RL but for the floor. */
  defaults: { windowSequences: 50, temperature: 1, ...windowDefaults },
  windowSequences: {
    description: 'Sequences a window holds, per domain; in sequences, never in steps.',
    type: 'integer',
    minimum: 1,
  },
  mathematics: [
    'Floor by mixing: (1 − K·floor)·P + floor. By clamping: max(P, floor) divided by the sum.',
    'It looks on steps of at least warmupSteps that are a multiple of updateEvery; the windows see every step.',
  ],
  floorDifference:
    'The floor: DataFlex-RL clamps and divides, which ends a little below the floor (`floorBy: clamping`). Mixing, which keeps it, is our default; a floor that is not given is then lowered to half an even share in runs of more than ten domains.',
} as const

/** What makes one mixer of DataFlex-RL another: which values, which statistic of them, which score of that. */
type MixerRule<Config> = {
  /** Name of the part of an explanation that is not the floor. */
  readonly term: string
  readonly signals: (config: Config) => readonly string[]
  readonly windows: (config: Config) => WindowsRule
  readonly chunkOf: (config: Config, fact: StepFact, domain: number) => Chunk | undefined
  /** From the statistics of all domains to what softmax is taken of, never below 0. */
  readonly scores: (config: Config, statistic: readonly number[]) => readonly number[]
  readonly summary: (config: Config, state: WindowMixerState) => string
}

/** DataFlex-RL divides by no temperature below this. */
const lowestTemperature = 1e-6

/**
 * The frame of DataFlex-RL's mixers: windows of values by domain, and on every step that is due, softmax of a score of
 * their statistics, then the floor. A domain never seen has the statistic 0.
 */
export function windowMixer<Config extends MixerSettings>(
  rule: MixerRule<Config>,
): Pick<Policy<Config, WindowMixerState>, 'signals' | 'check' | 'initialState' | 'evolve' | 'decide'> {
  return {
    signals: rule.signals,
    check: floorProblems,
    initialState: (_config, { weights }) => ({
      ...emptyWindows(weights.length),
      share: weights,
      updates: 0,
      base: { share: weights, floor: weights.map(() => 0) },
    }),
    evolve(config, state, fact) {
      if (fact.kind === 'mixture') {
        return state.updates === 0
          ? state
          : { ...state, base: { share: state.share, floor: floorPart(config, state) } }
      }
      if (fact.kind !== 'step') return state
      const changed = watch(state, rule.windows(config), (i) => rule.chunkOf(config, fact, i))
      const { windows, statistic } = changed ?? state
      if (!isDue(config, fact.step) || windows.every((window) => window.length === 0)) {
        return changed === undefined ? state : { ...state, ...changed }
      }
      const share = softmaxAt(rule.scores(config, statistic), Math.max(config.temperature, lowestTemperature))
      return { ...state, ...changed, share, updates: state.updates + 1 }
    },
    decide(config, state, current) {
      if (state.updates === 0) return { kind: 'hold', because: notYet(config, rule.signals(config)) }
      const floor = floorPart(config, state)
      const { share, base } = state
      return propose(
        {
          weights: share.map((one, i) => one + floor[i]!),
          summary: rule.summary(config, state),
          parts: {
            [rule.term]: share.map((one, i) => one - base.share[i]!),
            floor: floor.map((one, i) => one - base.floor[i]!),
          },
          unchanged: 'The windows ask for the mixture that is already in force.',
        },
        current,
      )
    },
  }
}

/** What the floor adds to every share, or takes. */
function floorPart(config: MixerSettings, { share }: WindowMixerState): readonly number[] {
  const floored = floorWeights(share, floorOf(config, usualFloor, share.length), config.floorBy)
  return floored.map((weight, i) => weight - share[i]!)
}
