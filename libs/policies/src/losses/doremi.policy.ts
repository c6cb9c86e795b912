import { ascend, excessLoss, scoresAfter, type DoremiConfig, type Scores } from './doremi-scores.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'

export type DoremiState = {
  readonly weights: readonly number[]
  /** The last mean clipped excess loss of every domain, `null` before the first; in DataFlex that of this step, or 0. */
  readonly scores: Scores
  readonly averageWeights: readonly number[]
  /** How many weight vectors the average holds, the initial one included where that counts. */
  readonly averaged: number
  readonly updates: number
  /** What each term moved since the last mixture fact. */
  readonly moved: { readonly excessLoss: readonly number[]; readonly smoothing: readonly number[] }
}

/**
 * DoReMi, the proxy run (Xie et al. 2023, arXiv 2305.10429, algorithm 1): Group DRO over domains on the excess loss over a
 * reference model. The weights multiply losses under uniform sampling; their average over the run (`doremiResult`) is what
 * the main run samples by. 2 K exponentials and logarithms a step, O(K).
 */
export const doremi: Policy<DoremiConfig, DoremiState> = {
  name: 'doremi',
  version: 1,
  title: 'DoReMi',
  purpose:
    'Finds, in a proxy run, the domains with most to gain over a reference model, as loss multipliers.',
  cites: ['arXiv:2305.10429', 'github.com/sangmichaelxie/doremi', 'github.com/OpenDCAI/DataFlex'],
  meaning: 'lossMultiplier',
  output: 'weights',
  guide: {
    avoidWhen:
      'There is no reference model whose loss on the same tokens the trainer can take: then ODM or ADO, which need losses alone. DoReMi is for a small proxy run; the result is its average, not its last weights, which can be close to one-hot. Rounds with other seeds or tokenisers may end elsewhere.',
    mathematics: [
      'λ(i) = Σ over tokens of max(loss − reference loss, 0) / tokens, over the global batch: clipped per token, then averaged. Signal: `clippedExcessSum`, nats, the sum over tokens of the clipped differences; the divisor is `tokens`.',
      'α′(i) = α(i)·exp(stepSize·λ(i)) / Σ; α ← (1 − smoothing)·α′ + smoothing / K (algorithm 1). The loss of the same step uses the new α.',
      'Every weight stays between smoothing / K and 1 − smoothing·(K − 1) / K.',
      'Result: the mean of α(1) … α(T), in variant `official` of α(0) … α(T).',
      'dataflex: λ is replaced by clip(λ(i) − mean of λ over present domains, ± scoreClip), and by 0 for absent ones.',
      'Three stages: train a reference model, run this on a proxy of the same size under uniform sampling, train the main model by sampling with the result. Iterated: make the result the reference’s mixture until no weight changes by 1e-3 or more.',
    ],
    cost: 'Two exponentials or logarithms a domain and step, O(K). The state is five numbers a domain. The trainer pays a forward pass of the reference model.',
    absentDomains:
      'official: a domain missing from a batch keeps its last score; before the first that is ln(vocabularySize), about 10.8, so that a domain missing from the very first batch takes nearly all weight and needs some fifty steps to give it back. paper does not say; `missingDomain` does: holdNeutral keeps its share and moves only the others, hold uses its last score again (before its first: `firstScore`), zero scores it 0, which is not neutral, since it loses weight to all others. dataflex: the score 0 after centring, which is exactly the average. Missing means: not in the batch, or without an unmasked token. A step without evidence of any domain changes nothing; in dataflex it is smoothed and averaged like any other, once the signal is there.',
    differences: [
      'Variants: `official` is the published PyTorch trainer (the only optimiser in it; there is no second version), `paper` is algorithm 1, `dataflex` is a second, independent implementation (OpenDCAI/DataFlex). They differ in missing domains and in what the average holds; `averageIncludesStart` overrides the latter.',
      'smoothing is 1e-3 in the paper and 1e-4 by default in the official code, whose 120M script sets 1e-3.',
      'The official trainer turns all weights into NaN for good when every token of a domain is masked; here, and in DataFlex, that domain is missing.',
      'Sampling that is not uniform: the official trainer divides the weights by the sampling weights. That is the trainer’s to do.',
      'With gradient accumulation or several ranks the official trainer weighs part of the losses with weights of the step before; here all ranks get the same decision.',
      'float64 where the official code has float32; λ from sums over the global batch, which is what its gathering gives.',
      'Guard rails and overrides do not feed back: the rule continues from its own weights.',
    ],
  },
  signals: () => ['clippedExcessSum'],
  defaults: {
    variant: 'paper',
    stepSize: 1,
    smoothing: 1e-3,
    missingDomain: 'holdNeutral',
    firstScore: 'mean',
    vocabularySize: 50257,
    scoreClip: 5,
    averageIncludesStart: null,
  },
  laterSettings: ['firstScore', 'scoreClip', 'averageIncludesStart'],
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'The rule of the published trainer, of the paper, or of DataFlex.',
        enum: ['official', 'paper', 'dataflex'],
      },
      stepSize: {
        description: 'Factor on the excess loss in the exponent.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      smoothing: {
        description:
          'Share of the uniform mixture in every update; the official code defaults to 1e-4, the paper says 1e-3.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      missingDomain: {
        description:
          'What a domain without evidence in a step does (variant `paper` only; `official` always holds its score).',
        enum: ['hold', 'holdNeutral', 'zero'],
      },
      firstScore: {
        description:
          'What a held score is before the first one: the mean of the domains present, or zero (variant `paper` with `hold` only).',
        enum: ['mean', 'zero'],
      },
      vocabularySize: {
        description: 'Its logarithm is the score before the first one (variant `official` only).',
        type: 'integer',
        minimum: 1,
      },
      scoreClip: {
        description: 'Bounds a centred score, nats (variant `dataflex` only); null: no bound.',
        type: ['number', 'null'],
        exclusiveMinimum: 0,
      },
      averageIncludesStart: {
        description:
          'Whether the average holds the weights of the start. null: as the variant has it, which is in `official` alone.',
        type: ['boolean', 'null'],
      },
    },
    additionalProperties: false,
  },
  check: () => [],
  initialState: (config, start) => ({
    weights: start.weights,
    scores: start.domains.map(() => (config.variant === 'official' ? Math.log(config.vocabularySize) : null)),
    averageWeights: start.weights,
    averaged: (config.averageIncludesStart ?? config.variant === 'official') ? 1 : 0,
    updates: 0,
    moved: stillness(start.domains.length),
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return { ...state, moved: stillness(state.weights.length) }
    if (fact.kind !== 'step') return state
    const seen = excessLoss(fact)
    const goesOn = config.variant === 'dataflex' && fact.signals['clippedExcessSum'] !== undefined
    if (!goesOn && seen.every((score) => score === null)) return state

    const scores = scoresAfter(config, state.scores, seen)
    const moved = ascend(config, state.weights, scores, seen)
    const { smoothing } = config
    const weights = toMixture(moved.map((weight) => (1 - smoothing) * weight + smoothing / moved.length))
    if (weights === undefined) return state
    const { averaged, moved: before } = state
    return {
      weights,
      scores,
      averageWeights: weights.map(
        (weight, i) => (averaged * state.averageWeights[i]! + weight) / (averaged + 1),
      ),
      averaged: averaged + 1,
      updates: state.updates + 1,
      moved: {
        excessLoss: before.excessLoss.map((total, i) => total + (moved[i]! - state.weights[i]!)),
        smoothing: before.smoothing.map((total, i) => total + (weights[i]! - moved[i]!)),
      },
    }
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      return {
        kind: 'hold',
        because: 'No update yet: no step has reported an excess loss (`clippedExcessSum`) with tokens.',
      }
    }
    return propose(
      {
        weights: state.weights,
        summary: `DoReMi (${config.variant}) after ${state.updates} updates: domains with a higher excess loss over the reference gain; each keeps at least ${(config.smoothing / state.weights.length).toPrecision(4)}.`,
        parts: state.moved,
        unchanged: 'The excess losses so far ask for the mixture that is already in force.',
        controls: { averageWeights: state.averageWeights },
      },
      current,
    )
  },
}

function stillness(domains: number): DoremiState['moved'] {
  const zeros = new Array<number>(domains).fill(0)
  return { excessLoss: zeros, smoothing: zeros }
}
