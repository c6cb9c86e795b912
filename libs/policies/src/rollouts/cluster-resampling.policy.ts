import type { Policy, StepFact } from '../policy.js'
import { isReached, shareProblems, tokensOf } from '../composed/position.js'
import { propose } from '../propose.js'
import { softmax } from '../numerics/softmax.js'
import { sum } from '../numerics/sum.js'
import { toMixture } from '../numerics/to-mixture.js'

type ClusterResamplingConfig = {
  readonly variant: 'official' | 'paper'
  readonly roundEnds: 'report' | 'horizon'
  readonly rounds: number
  readonly unscored: 'hold' | 'keep'
  readonly items: number | null
  readonly portion: number
}

export type ClusterResamplingState = {
  readonly weights: readonly number[]
  /** Mean reward gap of every domain in the last round that ended; `null` where nothing was scored. */
  readonly scores: readonly (number | null)[]
  /** Sums of the round that is going on. */
  readonly pending: { readonly gap: readonly number[]; readonly scored: readonly number[] }
  readonly tokens: number
  readonly horizon: { readonly steps?: number; readonly tokens?: number }
  /** Rounds that have ended. */
  readonly rounds: number
  /** The policy's own weights at the last mixture fact. */
  readonly base: readonly number[]
}

/**
 * The resampling rule of Diversify and Conquer (arXiv 2409.11378, official code) with domains as clusters: after each
 * round, weights are the softmax of how much better the gold answers score than the model's own. O(K) a step.
 */
export const clusterResampling: Policy<ClusterResamplingConfig, ClusterResamplingState> = {
  name: 'cluster-resampling',
  version: 1,
  title: 'Cluster resampling',
  purpose: 'Draws the data of each round from the domains whose gold answers the model is farthest from.',
  cites: ['arXiv:2409.11378', 'github.com/for-ai/iterative-data-selection'],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'There is no reward model, or its scores are not on the scale of a few units: the softmax has no temperature, so gaps of 10 leave one domain. Nor for pretraining, where there are no gold answers.',
    mathematics: [
      'scoreᵢ = Σ (reward of the gold answer − reward of the model’s own) / scored items, over the items of domain i that were scored in the round.',
      'wᵢ = exp(scoreᵢ) / Σ exp(scoreⱼ)',
      'draws of a round: variant `paper` ⌊items·portion/rounds⌋, variant `official` ⌊items·portion/K/rounds⌋; sent as the control `draws` where `items` is given.',
    ],
    cost: 'O(K) a step and a decision. State grows with K only.',
    absentDomains:
      'A domain without a scored item in a whole round has no score, and the official code fails. `hold` leaves the mixture as it is for that round and says so; `keep` lets such a domain keep its weight while the others share what they had together. Absence from a single step only adds nothing.',
    differences: [
      'The official code divides the draws of a round by the number of clusters as well as by the rounds, which looks like a mistake; the paper draws the next part of the budget. Only the control `draws` differs.',
      'Clusters come from k-means in the paper (512 of them); here they are the domains. The weights of the first round are those that the run starts with.',
      'Drawing without replacement, and what a domain with too few items left yields, are the trainer’s. So is scoring: the paper scores half of the selected items, and the code with a portion below 1 the oldest of them.',
      'Rounds: a round ends with every step that carries scores (`report`), or at equal shares of the horizon (`horizon`), of which the paper has three.',
      'The official exponentials overflow for scores above 709; here the largest score is taken out first.',
    ],
  },
  signals: () => ['rewardGapSum', 'scored'],
  defaults: {
    variant: 'official',
    roundEnds: 'report',
    rounds: 3,
    unscored: 'hold',
    items: null,
    portion: 1,
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'How many items a round draws: as in the published code or as in the paper.',
        enum: ['official', 'paper'],
      },
      roundEnds: {
        description:
          'What ends a round: a step that carries scores, or a share of the horizon, 1/rounds for each.',
        enum: ['report', 'horizon'],
      },
      rounds: {
        description:
          'Rounds of the run: they divide the horizon where it ends them, and the budget of `draws`.',
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
      },
      unscored: {
        description:
          'What a domain without a scored item does to a round: holds it, or keeps its own weight.',
        enum: ['hold', 'keep'],
      },
      items: {
        description: 'Items of all domains together, for the control `draws`; null: no such control.',
        type: ['integer', 'null'],
        minimum: 1,
      },
      portion: {
        description: 'Share of the items that the run may draw in all its rounds.',
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => (config.roundEnds === 'horizon' ? shareProblems('roundEnds', start.horizon) : []),
  initialState: (_config, start) => ({
    weights: start.weights,
    scores: start.domains.map(() => null),
    pending: nothing(start.domains.length),
    tokens: 0,
    horizon: { ...start.horizon },
    rounds: 0,
    base: start.weights,
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return { ...state, base: state.weights }
    if (fact.kind !== 'step') return state
    const pending = collect(state.pending, fact)
    const tokens = Math.min(state.tokens + tokensOf(fact), Number.MAX_VALUE)
    const ended = roundsEnded(config, state, fact.step, tokens, pending !== state.pending)
    if (ended === state.rounds) return { ...state, pending, tokens }
    return {
      ...state,
      ...reweighed(config, state, pending),
      pending: nothing(state.weights.length),
      tokens,
      rounds: ended,
    }
  },
  decide(config, state, current) {
    const domains = state.scores.length
    const unscored = state.scores.flatMap((score, i) => (score === null ? [i + 1] : []))
    if (state.rounds === 0) {
      const wait =
        config.roundEnds === 'report'
          ? 'no step has carried `rewardGapSum` with `scored`'
          : `the first of ${config.rounds} rounds lasts for 1/${config.rounds} of the horizon`
      return { kind: 'hold', because: `No update yet: ${wait}.` }
    }
    if (unscored.length === domains || (unscored.length > 0 && config.unscored === 'hold')) {
      const which = unscored.slice(0, 5).join(', ') + (unscored.length > 5 ? ', …' : '')
      return {
        kind: 'hold',
        because: `Round ${state.rounds} left ${unscored.length} of ${domains} domains without a scored item (number ${which}), so that they cannot be compared; the mixture stays as it is.`,
      }
    }
    return propose(
      {
        weights: state.weights,
        summary: `Cluster resampling after ${state.rounds} rounds: domains gain whose gold answers score higher above the model’s own.`,
        parts: { rewardGap: state.weights.map((weight, i) => weight - state.base[i]!) },
        unchanged: 'The reward gaps of the last round ask for the mixture that is already in force.',
        ...(config.items === null ? {} : { controls: { draws: draws(config, config.items, domains) } }),
      },
      current,
    )
  },
}

function nothing(domains: number): ClusterResamplingState['pending'] {
  const zeros = new Array<number>(domains).fill(0)
  return { gap: zeros, scored: zeros }
}

/** Adds a step's sums; the same object where it has none. */
function collect(
  before: ClusterResamplingState['pending'],
  fact: StepFact,
): ClusterResamplingState['pending'] {
  const { rewardGapSum, scored } = fact.signals
  if (rewardGapSum === undefined || scored === undefined) return before
  const counts = scored.map((count, i) => (fact.present[i] === true && count > 0 ? count : 0))
  if (counts.every((count) => count === 0)) return before
  return {
    gap: before.gap.map((gap, i) => (counts[i] === 0 ? gap : bounded(gap + rewardGapSum[i]!))),
    scored: before.scored.map((count, i) => bounded(count + counts[i]!)),
  }
}

function roundsEnded(
  config: ClusterResamplingConfig,
  { rounds, horizon }: ClusterResamplingState,
  step: number,
  tokens: number,
  isReport: boolean,
): number {
  if (config.roundEnds === 'report') return isReport ? rounds + 1 : rounds
  let ended = rounds
  while (
    ended < config.rounds &&
    isReached({ share: (ended + 1) / config.rounds }, horizon, { steps: step, tokens })
  )
    ended++
  return ended
}

/** Scores and weights after a round. */
function reweighed(
  config: ClusterResamplingConfig,
  state: ClusterResamplingState,
  { gap, scored }: ClusterResamplingState['pending'],
): Pick<ClusterResamplingState, 'weights' | 'scores'> {
  const scores = gap.map((total, i) => (scored[i]! > 0 ? bounded(total / scored[i]!) : null))
  const before = state.weights
  const compared = before.filter((_, i) => scores[i] !== null)
  const isWhole = compared.length === before.length
  if (compared.length === 0 || (!isWhole && config.unscored === 'hold')) return { weights: before, scores }
  // Those without a score keep their weight; the others share what they had together.
  const mass = isWhole ? 1 : sum(compared)
  const shares = softmax(scores.map((score) => score ?? -Infinity))
  const weights = toMixture(scores.map((score, i) => (score === null ? before[i]! : mass * shares[i]!)))
  return { weights: weights ?? before, scores }
}

function draws(
  { variant, portion, rounds }: ClusterResamplingConfig,
  items: number,
  domains: number,
): number {
  const budget = items * portion
  return Math.floor(variant === 'paper' ? budget / rounds : budget / domains / rounds)
}

/** Keeps sums of sums finite. */
function bounded(value: number): number {
  return Math.min(Math.max(value, -1e300), 1e300) + 0
}
