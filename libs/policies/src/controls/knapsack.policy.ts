import { allocateByGroup, allocateExactly, type Allocation, type KnapsackRules } from './knapsack-exact.js'
import { allocateOfficially } from './knapsack-official.js'
import { costEstimations, informationGains } from './knapsack-value.js'
import { areEmpty, emptyRecords, nothingCarried, passSignals, type PassRecords } from './pass-records.js'
import { promptSchema, totalBudgetProblems, type Unit } from './prompt-settings.js'
import { addPassBins, passCounts } from '../rollouts/pass-counts.js'
import type { Policy, StepFact } from '../policy.js'

type KnapsackConfig = KnapsackRules & {
  readonly variant: 'exact' | 'official'
  readonly unit: Unit
  readonly enoughRollouts: number
  readonly windowRollouts: number
  readonly binRollouts: number
  readonly memory: number
}

/** The counts of a prompt are of the rollouts that its estimate rests on. */
type KnapsackState = PassRecords

/**
 * Knapsack RL (arXiv 2509.25849): how many rollouts each prompt gets, so that a budget teaches most. Exact by the greedy
 * rule in O(budget · log K) a decision; the official dynamic program is a variant.
 */
export const knapsack: Policy<KnapsackConfig, KnapsackState> = {
  name: 'knapsack',
  version: 1,
  title: 'Knapsack RL',
  purpose: 'Shares a budget of rollouts among prompts so that as much as possible is learned from them.',
  cites: ['arXiv:2509.25849', 'github.com/liziniu/KnapsackRL'],
  meaning: 'samplingProbability',
  output: 'controls',
  guide: {
    avoidWhen:
      'Rewards are not pass or fail, prompts are seen only once so that their pass rates are unknown, or the trainer cannot vary rollouts a prompt. It sets no sampling weights; beside it the mixture stays as it is.',
    mathematics: [
      'Choose whole Nᵢ with least ≤ Nᵢ ≤ maximum and Σ Nᵢ = budget that maximise Σ value(Nᵢ, pᵢ), value(N, p) = (1 − pᴺ − (1 − p)ᴺ) · p(1 − p)².',
      'The first factor is the chance that the rollouts are neither all right nor all wrong; the second is what a mixed group teaches, greatest at p = 1/3. `informationGain` replaces it by p(1 − p) or p(1 − p)³.',
      'The value is concave in N, so giving each next rollout to the largest p(1 − p)²·(pᴺ(1 − p) + (1 − p)ᴺp) is exact.',
      'Fallback: mixed prompts need min(maximum, cost) rollouts, cost = ln(1 − confidence) / ln max(p, 1 − p), or 1/(p(1 − p)) − 1 with `expectation`, rounded down. What of the free budget they do not need goes to prompts that always failed, or else to those that always succeeded. Without a mixed prompt all of it does.',
      'Signals with unit `prompt`, where the domains of the run are its prompts: `successes` and `rollouts`, counts. p is the rate of the newest report with at least enoughRollouts rollouts; smaller ones are filled up with older ones to windowRollouts. With fewer than enoughRollouts in all, a prompt gets rolloutsPerPrompt.',
      'Signals with unit `domain`, where a domain is a group of prompts: `passBin0` … `passBinG`, prompts whose pass rate is nearest to so many of G = binRollouts. A rollout more for the domain costs one for each of its prompts; the greedy rule goes by gain for each rollout.',
      'Control `rolloutCounts`: rollouts for a prompt, in the order of the domains; with unit `domain` for every prompt of the domain.',
    ],
    cost: 'O(K) a step. A decision costs O(budget · log K); with unit `domain` G times that. The official program costs mixed prompts × free budget × maximum: 50 million steps for its own batch of 256. State: two numbers a prompt, or G + 1 a domain.',
    absentDomains:
      'A prompt that is not in a step keeps its estimate. One with too few rollouts ever gets rolloutsPerPrompt and takes no part in the sharing out. A domain without a histogram gets rolloutsPerPrompt.',
    differences: [
      'Variant `exact`: the paper’s problem, solved exactly. Where rollouts are left over and every prompt is mixed, the mixed prompts share them.',
      'Variant `official`: the published program. It credits "no extra rollout" with 0 and one or more with the full value, so that every mixed prompt is pulled to at least one extra; pass rates are float32; ties go to the smallest extra count, read back from the last prompt. Prompts of unknown pass rate count as all wrong when rollouts are left over.',
      'Where the published code fails its own check of the budget (rollouts left over and every prompt mixed; minima above the budget) the variant holds and says so. Where the budget is more than the mixed prompts may have, the code exceeds the maximum, and so does the variant.',
      'Above a hundred million steps the variant `official` finds an allocation of the same objective greedily; of several best ones it may be another than the program’s.',
      'The published trainer estimates p from the last epoch or the last 16 rewards. Reports hold counts and no order, so older rollouts that fill up a report count in proportion.',
      'Unit `domain` is ours: not from the paper, and without a published evaluation. It has no fallback, a budget of rolloutsPerPrompt for each prompt, and leaves rollouts unspent that no domain can use whole.',
      'With a minimum of 0 the exact rule first pulls each mixed prompt to 1 rollout, as the formula has it, though a single rollout teaches nothing.',
    ],
  },
  signals: ({ unit, binRollouts }) => passSignals(unit, binRollouts),
  defaults: {
    variant: 'exact',
    unit: 'prompt',
    rolloutsPerPrompt: 8,
    totalBudget: null,
    minimum: 2,
    maximum: 128,
    allWrong: null,
    allRight: null,
    fallback: true,
    confidence: 0.9,
    costEstimation: 'probability',
    informationGain: 'p(1-p)^2',
    enoughRollouts: 8,
    windowRollouts: 16,
    binRollouts: 8,
    memory: 0.9,
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'The exact optimum, or what the published program computes.',
        enum: ['exact', 'official'],
      },
      unit: promptSchema.unit,
      rolloutsPerPrompt: {
        description: 'Rollouts of a prompt on average; a prompt of unknown pass rate gets just these.',
        ...promptSchema.rolloutsPerPrompt,
      },
      totalBudget: promptSchema.totalBudget,
      minimum: {
        description: 'Rollouts that a prompt gets at least.',
        type: 'integer',
        minimum: 0,
        maximum: 4096,
      },
      maximum: {
        description: 'Rollouts that a prompt gets at most.',
        type: 'integer',
        minimum: 1,
        maximum: 4096,
      },
      allWrong: {
        description: 'Least rollouts of a prompt that always failed; null: the minimum (unit `prompt` only).',
        type: ['integer', 'null'],
        minimum: 0,
        maximum: 4096,
      },
      allRight: {
        description:
          'Least rollouts of a prompt that always succeeded; null: the minimum (unit `prompt` only).',
        type: ['integer', 'null'],
        minimum: 0,
        maximum: 4096,
      },
      fallback: {
        description:
          'Whether rollouts that mixed prompts hardly need go to prompts that always failed, or else succeeded (unit `prompt` only).',
        type: 'boolean',
      },
      confidence: {
        description: 'Chance of a mixed group that a prompt’s need is estimated for (`probability`).',
        type: 'number',
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
      },
      costEstimation: {
        description: 'How the need of a prompt is estimated: for a confidence, or in expectation.',
        enum: costEstimations,
      },
      informationGain: {
        description: 'What a mixed group of pass rate p teaches; the paper has p(1-p)^2.',
        enum: informationGains,
      },
      enoughRollouts: {
        description: 'Rollouts from which on a pass rate counts as known (unit `prompt` only).',
        type: 'number',
        exclusiveMinimum: 0,
      },
      windowRollouts: {
        description:
          'Rollouts that an estimate rests on where a single report has not enough (unit `prompt` only).',
        type: 'number',
        exclusiveMinimum: 0,
      },
      binRollouts: {
        description: 'Number of the last bin, G: there are G + 1 of them (unit `domain` only).',
        ...promptSchema.bins,
      },
      memory: promptSchema.memory,
    },
    additionalProperties: false,
  },
  check: (config) => [
    ...(['minimum', 'allWrong', 'allRight'] as const).flatMap((key) =>
      (config[key] ?? 0) > config.maximum
        ? [`${key}: expected at most the maximum (${config.maximum}), got ${config[key]}; lower it.`]
        : [],
    ),
    ...(config.unit === 'domain' ? domainProblems(config) : windowProblems(config)),
  ],
  initialState: ({ unit, binRollouts }, start) => emptyRecords(unit, start.domains.length, binRollouts),
  evolve(config, state, fact) {
    if (fact.kind !== 'step') return state
    return config.unit === 'prompt'
      ? watchPrompts(config, state, fact)
      : { ...state, histograms: addPassBins(state.histograms, fact, config.memory) }
  },
  decide(config, state) {
    if (areEmpty(config.unit, state))
      return { kind: 'hold', because: `No allocation yet: ${nothingCarried(config.unit)}.` }
    const allocation = allocate(config, state)
    if ('refused' in allocation) return { kind: 'hold', because: allocation.refused }
    const { rollouts, fallback, fallbackEffectiveRatio } = allocation
    const most = rollouts.reduce((a, b) => Math.max(a, b), 0)
    return {
      kind: 'steer',
      controls: { rolloutCounts: rollouts },
      because: {
        summary: `Knapsack RL (${config.variant}): up to ${most} rollouts for a prompt where one more teaches most${
          fallback
            ? `; mixed prompts need ${(100 * fallbackEffectiveRatio).toPrecision(3)} % of the free budget, the rest goes to prompts that always failed or always succeeded`
            : ''
        }.`,
        parts: {},
      },
    }
  },
}

function allocate(config: KnapsackConfig, state: KnapsackState): Allocation {
  if (config.unit === 'domain') return allocateByGroup(config, state.histograms)
  const passRates = state.rollouts.map((rollouts, i) =>
    rollouts < config.enoughRollouts ? null : state.successes[i]! / rollouts,
  )
  return config.variant === 'exact'
    ? allocateExactly(config, passRates)
    : allocateOfficially(config, passRates)
}

/** A report of enough rollouts replaces what was known; a smaller one is filled up with it. */
function watchPrompts(config: KnapsackConfig, state: KnapsackState, fact: StepFact): KnapsackState {
  let successes: number[] | undefined
  let rollouts: number[] | undefined
  for (let i = 0; i < state.rollouts.length; i++) {
    const fresh = passCounts(fact, i)
    if (fresh === undefined) continue
    successes ??= [...state.successes]
    rollouts ??= [...state.rollouts]
    const room = fresh.rollouts >= config.enoughRollouts ? 0 : config.windowRollouts - fresh.rollouts
    const kept = rollouts[i]! > 0 ? Math.min(1, Math.max(0, room) / rollouts[i]!) : 0
    successes[i] = kept * successes[i]! + fresh.successes
    rollouts[i] = kept * rollouts[i]! + fresh.rollouts
  }
  return successes === undefined || rollouts === undefined ? state : { ...state, successes, rollouts }
}

function windowProblems({ windowRollouts, enoughRollouts }: KnapsackConfig): readonly string[] {
  return windowRollouts >= enoughRollouts
    ? []
    : [
        `windowRollouts: expected at least enoughRollouts (${enoughRollouts}), or small reports never become an estimate, got ${windowRollouts}; raise it.`,
      ]
}

function domainProblems(config: KnapsackConfig): readonly string[] {
  return [
    ...(config.variant === 'official'
      ? [
          'variant: expected exact with unit `domain`, got official, which knows prompts only; change one of the two.',
        ]
      : []),
    ...totalBudgetProblems(config.totalBudget),
    ...(config.minimum > config.rolloutsPerPrompt
      ? [
          `minimum: expected at most rolloutsPerPrompt (${config.rolloutsPerPrompt}) with unit \`domain\`, got ${config.minimum}; lower it.`,
        ]
      : []),
  ]
}
