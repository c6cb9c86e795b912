import { byDomainProblems } from '../by-domain.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { columnSignals, usefulness } from './rnb-gram.js'
import { softmax } from '../numerics/softmax.js'
import { sum } from '../numerics/sum.js'
import { toMixture } from '../numerics/to-mixture.js'
import { updateEverySchema } from '../update-every.js'

type RnbConfig = {
  readonly sharpness: number
  readonly evaluationProportions: Readonly<Record<string, number>>
  readonly missingDomain: 'holdNeutral' | 'zero'
  readonly updateEvery: number
}

type RnbState = {
  readonly weights: readonly number[]
  /** What each domain counts in the evaluation, on the simplex; empty where the trainer mixes the target itself. */
  readonly proportions: readonly number[]
  readonly updates: number
  /** Where the parts of the next explanation start: the policy's own weights at the last mixture fact. */
  readonly base: readonly number[]
}

/**
 * The balance half of R&B (Ge et al. 2025, arXiv 2505.00358): softmax of how well each domain's gradients of a round agree
 * with those of the evaluation mixture, without memory. O(K) an update, O(K²) where the trainer sends the Gram matrix.
 */
export const rnb: Policy<RnbConfig, RnbState> = {
  name: 'rnb',
  version: 1,
  title: 'R&B (balance)',
  purpose:
    'Samples domains whose gradients of the last round agree with those of the mixture that is evaluated.',
  cites: ['arXiv:2505.00358'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Domains are coarse labels that say little about their text: R&B was made for domains regrouped by embeddings (k-means), which is to be done before the run. A rule without memory follows the noise of each round; with short rounds or rare domains take one that accumulates, such as DoGE or GRAPE.',
    mathematics: [
      'In a round the trainer adds up, for each domain, the gradients of the last layer: s(i) over |S(i)| samples. G(i, j) = ⟨s(i), s(j)⟩ / (|S(i)|·|S(j)|).',
      'u = G·q with the evaluation proportions q; p = softmax(sharpness · u / ‖u‖₂). The scale of G does not matter. ‖u‖ = 0 gives the uniform mixture.',
      'With `evaluationProportions` the trainer sends the matrix: `gradientInnerProduct.0` to `gradientInnerProduct.<K−1>`, each with a number per domain i: ⟨s(i), s(j)⟩ for the domain j of that position.',
      'Without them it sends `gradientAlignment`: ⟨s(i), t⟩ with the target t = Σ q(j)·s(j) / |S(j)| that it has mixed itself. That is the same with K numbers instead of K².',
      '`gradientSamples` is |S(i)|, or 1 where s(i) is a mean already. The step that ends a round carries these signals, once.',
      'How reports add up: ranks that hold shards of the parameters send the inner products of their shards, and one of them the samples; ranks that hold whole sums of gradients may all send everything, because the scale does not matter. Ranks that have only summed their own samples must sum the gradients first: inner products of parts lack the cross terms.',
    ],
    cost: 'K exponentials in an update with `gradientAlignment`, and K² multiplications with the matrix; nothing in other steps. The state is two numbers a domain. For the trainer 0.01 % of the compute, since the gradients are those of training (figure of the paper).',
    absentDomains:
      'The paper does not say. A domain without samples in the round, or without its number, is left out of u: `holdNeutral` lets it keep its share while the others divide what they have together, `zero` takes its agreement for 0. Its column of the matrix counts for nothing, and q is not rescaled, which would only change the scale. A step that no domain reports changes nothing.',
    differences: [
      'The official repository was not obtainable; this follows the paper, whose sharpness (λ) is not known to us. With the default of 1 the largest weight is at most e² times the smallest.',
      'Regrouping the data is not done here: it makes the domains, before a run.',
      'Sending u itself through `gradientAlignment`, and what an absent domain does, are ours.',
    ],
  },
  signals: (config) => [
    ...columnSignals(Object.keys(config.evaluationProportions).length),
    'gradientSamples',
  ],
  defaults: { sharpness: 1, evaluationProportions: {}, missingDomain: 'holdNeutral', updateEvery: 1 },
  schema: {
    type: 'object',
    properties: {
      sharpness: {
        description: 'How much agreement counts (λ in the paper); 0 is uniform.',
        type: 'number',
        minimum: 0,
      },
      evaluationProportions: {
        description:
          'What each domain counts in the evaluation, by name, in any unit. Empty: the trainer mixes the target and sends `gradientAlignment` in place of the matrix.',
        type: 'object',
        additionalProperties: { type: 'number', minimum: 0 },
      },
      missingDomain: {
        description:
          'What a domain without evidence in a round does: keep its share, or count as agreeing 0.',
        enum: ['holdNeutral', 'zero'],
      },
      updateEvery: updateEverySchema,
    },
    additionalProperties: false,
  },
  check({ evaluationProportions: given }, start) {
    if (Object.keys(given).length === 0) return []
    const problems = byDomainProblems('evaluationProportions', given, start.domains)
    if (problems.length > 0) return problems
    return toMixture(Object.values(given)) === undefined
      ? [
          'evaluationProportions: expected a number above 0 for some domain and a finite sum, got neither; say what the evaluation is made of.',
        ]
      : []
  },
  initialState(config, start) {
    const given = config.evaluationProportions
    const isGiven = Object.keys(given).length > 0
    return {
      weights: start.weights,
      proportions: isGiven ? (toMixture(start.domains.map(({ name }) => given[name] ?? 0)) ?? []) : [],
      updates: 0,
      base: start.weights,
    }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return { ...state, base: state.weights }
    if (fact.kind !== 'step' || fact.step % config.updateEvery !== 0) return state
    const useful = usefulness(state.proportions, fact)
    if (useful === undefined) return state
    const weights = balanced(config, state.weights, useful)
    return weights === undefined ? state : { ...state, weights, updates: state.updates + 1 }
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      const names = rnb.signals(config).map((name) => `\`${name}\``)
      return {
        kind: 'hold',
        because: `No update yet: no step that is a multiple of ${config.updateEvery} has carried ${names.join(', ')} of a domain with samples.`,
      }
    }
    return propose(
      {
        weights: state.weights,
        summary: `R&B after ${state.updates} rounds: domains whose gradients agree with those of the evaluation mixture gain.`,
        parts: { agreement: state.weights.map((weight, i) => weight - state.base[i]!) },
        unchanged: 'The gradients of the last round ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

/** softmax of the usefulness at unit length, among the domains that have one (`null`: none) or among all. */
function balanced(
  config: RnbConfig,
  before: readonly number[],
  useful: readonly (number | null)[],
): readonly number[] | undefined {
  const holds = config.missingDomain === 'holdNeutral'
  // Divided by the largest before it is squared, so that no number is too large or too small for that.
  const largest = useful.reduce<number>((a, one) => Math.max(a, Math.abs(one ?? 0)), 0)
  const scaled = useful.map((one) => (one === null || largest === 0 ? 0 : one / largest))
  const length = largest === 0 ? 1 : Math.sqrt(sum(scaled.map((one) => one * one)))
  const shares = softmax(
    scaled.map((one, i) => (holds && useful[i] === null ? -Infinity : (config.sharpness * one) / length)),
  )
  if (!holds) return toMixture(shares)
  const mass = sum(before.filter((_, i) => useful[i] !== null))
  return toMixture(shares.map((share, i) => (useful[i] === null ? before[i]! : mass * share)))
}
