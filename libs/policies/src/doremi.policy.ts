import type { Policy, StepFact } from './policy.js'
import { propose } from './propose.js'
import { softmax } from './softmax.js'
import { sum } from './sum.js'
import { toMixture } from './to-mixture.js'

type DoremiConfig = {
  readonly variant: 'official' | 'paper'
  readonly stepSize: number
  readonly smoothing: number
  readonly missingDomain: 'hold' | 'holdNeutral' | 'zero'
  readonly vocabularySize: number
}

export type DoremiState = {
  readonly weights: readonly number[]
  /** The last mean clipped excess loss of every domain, `null` before the first. */
  readonly scores: readonly (number | null)[]
  readonly averageWeights: readonly number[]
  /** How many weight vectors the average holds, the initial one included where the variant includes it. */
  readonly averaged: number
  readonly updates: number
  /** What each term moved since the last mixture fact. */
  readonly moved: { readonly excessLoss: readonly number[]; readonly smoothing: readonly number[] }
}

/**
 * DoReMi, the proxy run (Xie et al. 2023, arXiv 2305.10429, algorithm 1): Group DRO over domains. With λ = mean over
 * tokens of max(loss − reference loss, 0), w' ∝ w·exp(stepSize·λ), w = (1 − smoothing)·w' + smoothing/K. The weights
 * multiply losses under uniform sampling; their average over the run (`doremiResult`) is what the main run samples by.
 * Cost per step: 2 K exponentials and logarithms, O(K).
 *
 * Variants:
 * - `official`: the published PyTorch trainer. A domain missing from a batch keeps its last score; before the first it is
 *   ln(vocabularySize), so a domain missing from the very first batch takes nearly all weight. The average includes the
 *   initial weights.
 * - `paper`: the average is over w_1..w_T. The paper does not say what a missing domain is; `missingDomain` does:
 *   `holdNeutral` keeps its share and moves only the others, `hold` reuses its last score (the mean of the present ones
 *   before the first), `zero` scores it 0, which is not neutral: it loses weight to all others.
 *
 * Where we knowingly differ:
 * - float64 where the official code has float32; λ from sums over the global batch, which is what its gathering gives.
 * - A domain with sequences but no unmasked token counts as missing, where the official code makes all weights NaN.
 * - A step in which no domain has evidence changes nothing.
 * - Sampling that is not uniform: the official trainer divides weights by sampling weights. That is the trainer's to do.
 * - Guard rails and overrides do not feed back: the rule continues from its own weights.
 */
export const doremi: Policy<DoremiConfig, DoremiState> = {
  name: 'doremi',
  version: 1,
  title: 'DoReMi',
  purpose:
    'Finds, in a proxy run, the domains with most to gain over a reference model, as loss multipliers.',
  cites: ['arXiv:2305.10429', 'github.com/sangmichaelxie/doremi'],
  meaning: 'lossMultiplier',
  signals: () => ['clippedExcessSum'],
  defaults: {
    variant: 'paper',
    stepSize: 1,
    smoothing: 1e-3,
    missingDomain: 'holdNeutral',
    vocabularySize: 50257,
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'The rule of the published trainer, or of the paper.',
        enum: ['official', 'paper'],
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
      vocabularySize: {
        description: 'Its logarithm is the score before the first one (variant `official` only).',
        type: 'integer',
        minimum: 1,
      },
    },
    additionalProperties: false,
  },
  check: () => [],
  initialState: (config, start) => ({
    weights: start.weights,
    scores: start.domains.map(() => (config.variant === 'official' ? Math.log(config.vocabularySize) : null)),
    averageWeights: start.weights,
    averaged: config.variant === 'official' ? 1 : 0,
    updates: 0,
    moved: stillness(start.domains.length),
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return { ...state, moved: stillness(state.weights.length) }
    if (fact.kind !== 'step') return state
    const seen = excessLoss(fact)
    if (seen.every((score) => score === null)) return state

    const scores = state.scores.map((held, i) => seen[i] ?? held)
    const moved =
      config.variant === 'paper' && config.missingDomain === 'holdNeutral'
        ? ascendAmongSeen(config, state.weights, seen)
        : ascend(config, state.weights, scoresToUse(config, scores, seen))
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

/** Mean clipped excess loss per token; `null` for domains without evidence. */
function excessLoss(fact: StepFact): readonly (number | null)[] {
  const excess = fact.signals['clippedExcessSum']
  return fact.tokens.map((tokens, i) => {
    const score = excess === undefined ? NaN : excess[i]! / tokens
    // Adding 0 turns -0, which JSON cannot carry, into 0.
    return fact.present[i] === true && tokens > 0 && Number.isFinite(score) ? score + 0 : null
  })
}

function scoresToUse(
  config: DoremiConfig,
  scores: readonly (number | null)[],
  seen: readonly (number | null)[],
): readonly number[] {
  if (config.variant === 'paper' && config.missingDomain === 'zero') return seen.map((score) => score ?? 0)
  const present = seen.filter((score) => score !== null)
  const unknown = present.reduce((mean, score) => mean + score / present.length, 0)
  return scores.map((score) => score ?? unknown)
}

/** One step of exponentiated ascent in log space, w·exp(stepSize·score) / Σ. */
function ascend(
  config: DoremiConfig,
  weights: readonly number[],
  scores: readonly number[],
): readonly number[] {
  return softmax(weights.map((weight, i) => Math.log(weight) + bounded(config.stepSize * scores[i]!)))
}

/** The same among the domains seen, who share what they had together; the others stay where they are. */
function ascendAmongSeen(
  config: DoremiConfig,
  weights: readonly number[],
  seen: readonly (number | null)[],
): readonly number[] {
  const mass = sum(weights.filter((_, i) => seen[i] !== null))
  const shares = ascend(
    config,
    weights.map((weight, i) => (seen[i] === null ? 0 : weight)),
    seen.map((score) => score ?? 0),
  )
  return weights.map((weight, i) => (seen[i] === null ? weight : mass * shares[i]!))
}

/** Keeps differences of exponents finite. */
function bounded(exponent: number): number {
  return Math.min(Math.max(exponent, -1e300), 1e300)
}
