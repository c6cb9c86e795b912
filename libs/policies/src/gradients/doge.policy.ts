import { dogeExponents, readGradients, type DogeConfig, type Gradients } from './doge-gradients.js'
import { exponentiatedStep } from '../numerics/exponentiated-step.js'
import { learningRateOf, learningRateSchema } from './learning-rate.js'
import type { Policy, PolicyStart } from '../policy.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'

export type DogeState = Gradients & {
  readonly weights: readonly number[]
  /** Whether a domain is trained on; the others are targets only and keep weight 0. */
  readonly trained: readonly boolean[]
  /** Mean of the weights after every update; the start is not in it. */
  readonly averageWeights: readonly number[]
  readonly updates: number
  /** What each term moved since the last mixture fact. */
  readonly moved: { readonly alignment: readonly number[]; readonly smoothing: readonly number[] }
}

/**
 * DoGE, the proxy run (Fan, Pagliardini & Jaggi 2024, arXiv 2310.15393): weight goes to the domains whose gradient points
 * where the targets' gradients point. The weights multiply losses or gradients; their average (`dogeResult`) is what the
 * base model samples by. O(K) a step.
 */
export const doge: Policy<DogeConfig, DogeState> = {
  name: 'doge',
  version: 1,
  title: 'DoGE',
  purpose: 'Finds, in a proxy run, the domains whose gradients help the targets most, as loss multipliers.',
  cites: ['arXiv:2310.15393', 'github.com/Olivia-fsm/DoGE'],
  meaning: 'lossMultiplier',
  output: 'weights',
  guide: {
    avoidWhen:
      'The trainer cannot compute a gradient per domain: DoGE needs one backward pass for each domain and each step, so it belongs in a small proxy run. With losses alone take DoReMi or ODM. Where several tasks matter unequally over time, GRAPE weighs the targets too.',
    mathematics: [
      'g(j) is the gradient of training domain j, already clipped where the trainer clips gradients per domain (maximum gradient norm); t = Σ g(i) over the target domains.',
      'Alignment: W(j) = ⟨g(j), t⟩. Signals: `gradientAlignment` (its sum over reports), `gradientSquaredNorm` (sum of ‖g(j)‖²; official only), `gradientReports` (how many reports the sums hold). W and ‖g‖² are sums divided by `gradientReports`.',
      'Official: score(j) = clip(W(j) / (m + 1e-6), scoreMinimum, scoreMaximum), with m the mean of ‖g(j)‖ over training domains. Paper: score(j) = W(j).',
      'w(j) ← w(j)·exp(η·score(j) / scoreDivisor) / Σ over training domains; then w ← (1 − smoothing)·w + smoothing / (number of training domains).',
      'η is the learning rate of the model in this step: the signal `learningRate` (its sum over the same reports, divided by `gradientReports` of all domains together), or the constant of the configuration. With η = 5e-4, scoreDivisor = 0.01 and scores up to 5, a step moves a log-weight by at most 0.25.',
      'Result: the mean of w after every update.',
      'How reports add up: a trainer whose ranks hold shards of the parameters lets each rank send the inner product and the squared norm of its shard, and one rank a 1 in `gradientReports`; where every rank has the whole gradient, one rank sends it (the others zeros), or all send it with a 1 each. Every rank has to name the signals.',
    ],
    cost: 'K exponentials and logarithms a step, O(K); the state is five numbers a domain. The cost lies with the trainer: a backward pass per domain.',
    absentDomains:
      'The published trainer keeps the last gradient of a domain that is not in a batch. A trainer that does so too reports the alignment of that stale gradient with the current targets, with 0 tokens; it is used like any other. Without a report the last alignment and norm are used again. Before its first gradient a domain counts as a gradient of zeros: score 0, and a lower mean norm. A step without a report of any training domain, or without a learning rate, changes nothing. Domains in `targetOnly` keep weight 0.',
    differences: [
      'Variants: `official` is the published trainer: scores are divided by the mean gradient norm and clipped, by default to 0 from below, so that a domain that hurts the targets is treated like one that does nothing. `paper` is the formula alone; it needs no norms, and its scale is that of squared gradients.',
      'In the published code the branch that drops a domain’s alignment with itself, when training and target domains are the same, never runs: it compares sets of tensors, which are never equal. So the self term counts, here too, unless the trainer leaves it out of what it reports.',
      'The divisor is μ in the paper. The code defaults to 0.05, its configuration has 0.01. Without a learning-rate schedule the code takes 1e-4.',
      'The published code takes a domain whose loss is not above 0, or not a number, for absent: there the trainer reports its last gradient, or nothing.',
      'Without a report we hold the last alignment, where the code multiplies the stale gradient with the new targets; only the trainer can do that.',
      'The code’s other methods (a few selected domains a step, losses per token) are not here.',
      'float64 where the code has float32.',
      'Guard rails and overrides do not feed back: the rule continues from its own weights.',
    ],
  },
  signals: (config) => [
    'gradientAlignment',
    'gradientReports',
    ...(config.variant === 'official' ? ['gradientSquaredNorm'] : []),
    ...(config.learningRate === null ? ['learningRate'] : []),
  ],
  defaults: {
    variant: 'official',
    learningRate: null,
    scoreDivisor: 0.05,
    smoothing: 0,
    scoreMinimum: 0,
    scoreMaximum: 5,
    targetOnly: [],
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'The rule of the published trainer, or the formula of the paper.',
        enum: ['official', 'paper'],
      },
      learningRate: learningRateSchema,
      scoreDivisor: {
        description:
          'Divides the score in the exponent (μ in the paper): the smaller, the faster weights move.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      smoothing: {
        description: 'Share of the uniform mixture of training domains in every update; 0 is off.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      scoreMinimum: {
        description:
          'Scores below this count as this (official only). 0 treats a harmful domain as neutral; null: no bound.',
        type: ['number', 'null'],
      },
      scoreMaximum: {
        description: 'Scores above this count as this (official only); null: no bound.',
        type: ['number', 'null'],
      },
      targetOnly: {
        description:
          'Names of domains that only say where to go: their gradient is part of the target, their weight stays 0.',
        type: 'array',
        items: { type: 'string' },
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => [...boundProblems(config), ...targetProblems(config.targetOnly, start)],
  initialState(config, start) {
    const trained = start.domains.map(({ name }) => !config.targetOnly.includes(name))
    const zeros = new Array<number>(trained.length).fill(0)
    const weights =
      toMixture(start.weights.map((weight, i) => (trained[i] ? weight : 0))) ??
      toMixture(trained.map(Number)) ??
      start.weights
    return {
      weights,
      trained,
      alignment: zeros,
      norm: zeros,
      averageWeights: weights,
      updates: 0,
      moved: { alignment: zeros, smoothing: zeros },
    }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') {
      const zeros = new Array<number>(state.weights.length).fill(0)
      return { ...state, moved: { alignment: zeros, smoothing: zeros } }
    }
    if (fact.kind !== 'step') return state
    const read = readGradients(config, state.trained, state, fact)
    const learningRate = learningRateOf(config, fact)
    if (read === undefined || learningRate === undefined) return state

    const { weights: before, trained, updates } = state
    const moved = exponentiatedStep(before, dogeExponents(config, trained, read, learningRate))
    const count = trained.reduce((all, one) => all + Number(one), 0)
    const { smoothing } = config
    const weights = toMixture(
      moved.map((weight, i) => (trained[i] ? (1 - smoothing) * weight + smoothing / count : 0)),
    )
    if (weights === undefined) return state
    return {
      weights,
      trained,
      ...read,
      averageWeights: weights.map(
        (weight, i) => (updates * state.averageWeights[i]! + weight) / (updates + 1),
      ),
      updates: updates + 1,
      moved: {
        alignment: state.moved.alignment.map((total, i) => total + (moved[i]! - before[i]!)),
        smoothing: state.moved.smoothing.map((total, i) => total + (weights[i]! - moved[i]!)),
      },
    }
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      const names = doge.signals(config).map((name) => `\`${name}\``)
      return {
        kind: 'hold',
        because: `No update yet: no step has carried ${names.join(', ')} of a training domain, with a count in \`gradientReports\`.`,
      }
    }
    return propose(
      {
        weights: state.weights,
        summary: `DoGE (${config.variant}) after ${state.updates} updates: domains whose gradient agrees with that of the targets gain.`,
        parts: state.moved,
        unchanged: 'The alignments so far ask for the mixture that is already in force.',
        controls: { averageWeights: state.averageWeights },
      },
      current,
    )
  },
}

function boundProblems({ scoreMinimum, scoreMaximum }: DogeConfig): readonly string[] {
  return scoreMinimum === null || scoreMaximum === null || scoreMinimum <= scoreMaximum
    ? []
    : [
        `scoreMinimum: expected at most scoreMaximum (${scoreMaximum}), got ${scoreMinimum}; lower it or raise the other.`,
      ]
}

function targetProblems(targetOnly: readonly string[], start: PolicyStart): readonly string[] {
  const names = start.domains.map((domain) => domain.name)
  const unknown = targetOnly.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    return [
      `targetOnly: expected names of domains of this run (${names.join(', ')}), got ${unknown.join(', ')}; correct or remove them.`,
    ]
  }
  return names.every((name) => targetOnly.includes(name))
    ? [
        'targetOnly: expected a domain that is left to train on, got all of them; name only the domains that are never trained on.',
      ]
    : []
}
