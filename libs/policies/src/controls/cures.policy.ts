import {
  gradientSpreads,
  meanDeviations,
  normSignals,
  promptDeviations,
  watchPrompts,
  type CuresConfig,
  type CuresState,
} from './cures-evidence.js'
import { areEmpty, emptyRecords, nothingCarried, passSignals } from './pass-records.js'
import { promptSchema, totalBudgetProblems } from './prompt-settings.js'
import { alignToDevices, proportionalRollouts } from './cures-rollouts.js'
import { addPassBins } from '../rollouts/pass-counts.js'
import type { Policy, PolicyFact } from '../policy.js'
import { propose } from '../propose.js'
import { roundHalfEven } from '../numerics/round-half-even.js'
import { roundToTotal } from '../numerics/round-to-total.js'
import { softmax } from '../numerics/softmax.js'
import { sum } from '../numerics/sum.js'

/**
 * CurES (arXiv 2510.01037): prompts in proportion to exp(√(p(1 − p)) / τ), p their posterior pass rate, and rollouts in
 * proportion to the spread of their gradients. O(K) a step.
 */
export const cures: Policy<CuresConfig, CuresState> = {
  name: 'cures',
  version: 1,
  title: 'CurES',
  purpose:
    'Samples prompts whose outcome is most uncertain, and gives more rollouts where gradients vary most.',
  cites: ['arXiv:2510.01037', 'github.com/ZexuSun/CurES'],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'Rewards are not pass or fail, or most prompts are noise that passes half of the time by chance, for those are what it seeks. The published code’s temperatures leave the weights almost uniform (variant `official`); expect nothing of its sampling. Rollout counts need a trainer that can vary them.',
    mathematics: [
      'p = (priorSuccesses + s) / (priorSuccesses + priorFailures + n), the posterior mean after s successes of n rollouts.',
      'Weights: wᵢ ∝ exp(√(pᵢ(1 − pᵢ)) / τ). In the paper τ = α / √(2δ) for an entropy weight α and a trust region of radius δ; `temperature` is τ.',
      'Variant `official`: a temperature for every prompt, τᵢ = (sᵢ + 1) / temperatureScale.',
      'Rollouts: nᵢ = budget · σᵢ / Σ σⱼ. With `passRates` σ = √(p(1 − p)), which is the paper’s where gradients are alike.',
      'With `gradients` σ² = p(1 − p)²·E[‖g‖² | right] + p²(1 − p)·E[‖g‖² | wrong] − p²(1 − p)²·(mean ‖g‖ right − mean ‖g‖ wrong)², p = s / n without a prior, g the gradient of the log-probability.',
      'Signals with unit `prompt`, where the domains of the run are its prompts: `successes` and `rollouts`, counts; with `gradients` also `gradientNormRightSum`, `gradientNormRightSquareSum`, `gradientNormWrongSum`, `gradientNormWrongSquareSum`: sums over right and over wrong rollouts of gradient norms and of their squares.',
      'Signals with unit `domain`, where a domain is a group of prompts (ours): `passBin0` … `passBinG`, prompts with so many successes of G = preRollouts. Score and σ of a domain are the mean over its prompts of √(p(1 − p)); the budget is rolloutsPerPrompt for each prompt.',
      'Control `rolloutCounts`: rollouts for a prompt, in the order of the domains; with unit `domain` for every prompt of the domain.',
      'Parts: `uniform` is the way from the current mixture to the uniform one, `passRates` what the pass rates move from there.',
    ],
    cost: 'O(K) a step with unit `prompt`, O(K·G) with unit `domain`; a decision O(K log K). State: two numbers a prompt, six with gradients, or G + 1 a domain.',
    absentDomains:
      'A prompt that is not in a step keeps its counts. One never seen has the prior’s pass rate, by default 1/2 and so the largest weight; with `gradients` it gets the mean σ of the others. A domain without a histogram has the prior’s pass rate.',
    differences: [
      'Variant `paper`: one temperature. The specification gives no value for α and δ; the default of τ = 1 is ours.',
      'Variant `official`: the published sampler. Its temperatures are at least 100, so that weights differ by about half a percent; the entropy parameter is not used. It draws without replacement even where asked to replace, and freezes the weights for a pass, which here is the cadence of decisions.',
      'The published code rounds p to float32; we do not.',
      'The last term of σ² is ‖difference of mean gradients‖² in the paper. The code, and a report of norms, has the difference of mean norms.',
      'Rounding: `official` rounds each count half to even, so that they need not sum to the budget, and may give 0. `paper` shares out by largest remainder, ties to the earlier prompt, with at least leastRollouts.',
      'The published trainer then adds rollouts, largest count first, until the total is a multiple of the devices (`devices`); which of equal counts comes first is undefined there, the earlier one here.',
      'Where no prompt is mixed every σ from gradients is 0. The published code divides 0 by 0; here the decision goes without `rolloutCounts` and says so.',
      'The paper resets the posterior every iteration of 10 steps, because each has new prompts. A run here keeps its prompts, so resetEvery is off by default.',
      'Unit `domain` has no published evaluation.',
    ],
  },
  signals: (config) => [
    ...passSignals(config.unit, config.preRollouts),
    ...(readsNorms(config) ? normSignals : []),
  ],
  defaults: {
    variant: 'paper',
    unit: 'prompt',
    temperature: 1,
    temperatureScale: 0.01,
    priorSuccesses: 1,
    priorFailures: 1,
    resetEvery: null,
    rollouts: 'passRates',
    rolloutsPerPrompt: 8,
    totalBudget: null,
    leastRollouts: 0,
    devices: 1,
    preRollouts: 4,
    memory: 0.9,
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'The rule of the paper, or what the published code computes.',
        enum: ['paper', 'official'],
      },
      unit: promptSchema.unit,
      temperature: {
        description: 'τ: divides √(p(1 − p)), which is at most 1/2 (variant `paper` only).',
        type: 'number',
        minimum: 1e-6,
      },
      temperatureScale: {
        description: 'Divides successes + 1 to the temperature of a prompt (variant `official` only).',
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1e6,
      },
      priorSuccesses: {
        description: 'Successes that the posterior starts with.',
        type: 'number',
        minimum: 1e-6,
        maximum: 1e6,
      },
      priorFailures: {
        description: 'Failures that the posterior starts with.',
        type: 'number',
        minimum: 1e-6,
        maximum: 1e6,
      },
      resetEvery: {
        description:
          'Steps after which the counts start over, an iteration; null: never (unit `prompt` only).',
        type: ['integer', 'null'],
        minimum: 1,
      },
      rollouts: {
        description: 'What rollout counts are made of; `none` leaves them to the trainer.',
        enum: ['passRates', 'gradients', 'none'],
      },
      rolloutsPerPrompt: {
        description: 'Rollouts of a prompt on average.',
        ...promptSchema.rolloutsPerPrompt,
      },
      totalBudget: promptSchema.totalBudget,
      leastRollouts: {
        description:
          'Rollouts that a prompt gets at least, as far as the budget goes (variant `paper`, unit `prompt`).',
        type: 'integer',
        minimum: 0,
        maximum: 4096,
      },
      devices: {
        description: 'The total is raised to a multiple of this (unit `prompt` only); 1 leaves it.',
        type: 'integer',
        minimum: 1,
        maximum: 4096,
      },
      preRollouts: {
        description: 'Rollouts behind a histogram, G: there are G + 1 bins (unit `domain` only).',
        ...promptSchema.bins,
      },
      memory: promptSchema.memory,
    },
    additionalProperties: false,
  },
  check: (config) => (config.unit === 'domain' ? domainProblems(config) : []),
  initialState(config, start) {
    return {
      iteration: 0,
      ...emptyRecords(config.unit, start.domains.length, config.preRollouts),
      norms: readsNorms(config) ? normSignals.map(() => start.domains.map(() => 0)) : [],
    }
  },
  evolve(config, state, fact: PolicyFact) {
    if (fact.kind !== 'step') return state
    return config.unit === 'prompt'
      ? watchPrompts(config, state, fact)
      : { ...state, histograms: addPassBins(state.histograms, fact, config.memory) }
  },
  decide(config, state, current) {
    if (areEmpty(config.unit, state))
      return { kind: 'hold', because: `No update yet: ${nothingCarried(config.unit)}.` }
    const isDomain = config.unit === 'domain'
    const deviations = isDomain ? meanDeviations(config, state) : promptDeviations(config, state)
    const official = !isDomain && config.variant === 'official'
    const weights = softmax(
      deviations.map((deviation, i) =>
        official
          ? (deviation * config.temperatureScale) / (state.successes[i]! + 1)
          : deviation / config.temperature,
      ),
    )
    const counts = isDomain
      ? domainRollouts(config, state, deviations)
      : promptRollouts(config, state, deviations)
    const unit = isDomain ? 'domains' : 'prompts'
    const told =
      counts === undefined && config.rollouts !== 'none'
        ? ' No prompt is mixed, so that gradients say nothing about rollouts; the trainer keeps its own count.'
        : ''
    const uniform = 1 / current.length
    return propose(
      {
        weights,
        summary: `CurES (${config.variant}): ${unit} that pass about half of the time gain.${told}`,
        parts: {
          uniform: current.map((weight) => uniform - weight),
          passRates: weights.map((weight) => weight - uniform),
        },
        unchanged: 'The pass rates so far ask for the mixture that is already in force.',
        ...(counts === undefined ? {} : { controls: { rolloutCounts: counts }, steers: true }),
      },
      current,
    )
  },
}

function readsNorms({ unit, rollouts }: CuresConfig): boolean {
  return unit === 'prompt' && rollouts === 'gradients'
}

function promptRollouts(
  config: CuresConfig,
  state: CuresState,
  deviations: readonly number[],
): readonly number[] | undefined {
  if (config.rollouts === 'none') return undefined
  const spreads = config.rollouts === 'gradients' ? gradientSpreads(state) : deviations
  const budget = config.totalBudget ?? config.rolloutsPerPrompt * spreads.length
  if (!spreads.some((spread) => spread > 0)) return undefined
  const counts =
    config.variant === 'official'
      ? proportionalRollouts(spreads, budget)
      : roundToTotal(spreads, budget, config.leastRollouts)
  return counts === undefined ? undefined : alignToDevices(counts, config.devices)
}

/** Rollouts for each prompt of a domain; a prompt counts by how many of its like the histograms hold. */
function domainRollouts(
  config: CuresConfig,
  state: CuresState,
  deviations: readonly number[],
): readonly number[] | undefined {
  if (config.rollouts === 'none') return undefined
  const prompts = state.histograms.map(sum)
  const mean = sum(prompts.map((count, i) => count * deviations[i]!)) / sum(prompts)
  return deviations.map((deviation) => roundHalfEven((config.rolloutsPerPrompt * deviation) / mean))
}

function domainProblems(config: CuresConfig): readonly string[] {
  return [
    ...(config.variant === 'official'
      ? [
          'variant: expected paper with unit `domain`, got official, whose temperatures belong to single prompts; change one of the two.',
        ]
      : []),
    ...(config.rollouts === 'gradients'
      ? [
          'rollouts: expected passRates or none with unit `domain`, got gradients, which belong to single prompts; change one of the two.',
        ]
      : []),
    ...totalBudgetProblems(config.totalBudget),
  ]
}
