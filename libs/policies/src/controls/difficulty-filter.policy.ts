import { acceptedSuccesses, isAccepted, type AcceptBand } from './accept-band.js'
import { byDomainProblems } from '../by-domain.js'
import { nothingCarried, passSignals } from './pass-records.js'
import { promptSchema, type Unit } from './prompt-settings.js'
import { passBinColumns, passCounts, promptsIn } from '../rollouts/pass-counts.js'
import type { Controls, Policy, PolicyStart, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import type { RolloutSelection } from './select-rollouts.js'
import { rolloutSelectionSchema, selectionProblems } from './rollout-selection-settings.js'
import { sum } from '../numerics/sum.js'
import { toMixture } from '../numerics/to-mixture.js'

type DifficultyFilterConfig = AcceptBand & {
  readonly unit: Unit
  readonly rolloutsPerPrompt: number
  readonly batch: number | null
  readonly maxRefill: number
  readonly weights: 'reduceWaste' | 'keepAcceptedShares'
  readonly target: Readonly<Record<string, number>>
  readonly memory: number
  readonly lowestAcceptance: number
  readonly rolloutSelection: RolloutSelection | null
}

type DifficultyFilterState = {
  /** The mixture that accepted prompts are measured against. */
  readonly target: readonly number[]
  readonly names: readonly string[]
  /** Prompts accepted, and prompts seen, older ones counting less: by domain, or with unit `prompt` one number for all. */
  readonly accepted: readonly number[]
  readonly seen: readonly number[]
}

/**
 * Online difficulty filtering (arXiv 2504.03380): the trainer keeps prompts whose pass rate lies in a band and refills until
 * its batch is full. A control; with domains for prompts, sampling weights from acceptance as well. O(K) a step.
 */
export const difficultyFilter: Policy<DifficultyFilterConfig, DifficultyFilterState> = {
  name: 'difficulty-filter',
  version: 1,
  title: 'Online difficulty filtering',
  purpose: 'Lets a trainer learn only from prompts that it solves sometimes: neither always nor never.',
  cites: ['arXiv:2504.03380', 'arXiv:2503.14476', 'github.com/haolpku/DataFlex-RL'],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'Rewards are not pass or fail, or generating rollouts is what the run pays for: prompts that the band turns away have been generated already, so `knapsack` or `cures`, which decide before, waste less. With few rollouts a prompt a pass rate says little: a single one is 0 or 1 and never inside a band.',
    mathematics: [
      'A prompt with k successes of G rollouts is kept where low ≤ k / G ≤ high, or low < k / G < high with `open`. Whole numbers are compared: k ≥ ⌈low·G⌉ and k ≤ ⌊high·G⌋.',
      'The trainer draws rounds of prompts until it has a batch of kept ones, and at most `maxRefill` rounds beyond the first.',
      'Why: with a KL coefficient β the possible improvement is at least p(1 − p) / (2β²), greatest at p = 1/2, so a band balanced about 1/2 beats a skewed one.',
      'Signals with unit `prompt`, where the domains of the run are its prompts: `successes` and `rollouts`, counts. The mixture stays as it is; the acceptance rate is watched.',
      'Signals with unit `domain`, where a domain is a group of prompts: `passBin0` … `passBinG`, prompts with exactly so many successes of G = rolloutsPerPrompt rollouts. aᵢ = accepted / seen, where older counts fade by `memory`.',
      'Weights with unit `domain` (ours, not the paper’s; s is the target): `reduceWaste` wᵢ ∝ sᵢ·aᵢ draws less where prompts are turned away; `keepAcceptedShares` wᵢ ∝ sᵢ / aᵢ draws more there, so that the shares of accepted prompts are the target.',
      'Control `acceptBand`: low, high, open, batch, maxRefill. Control `rolloutSelection`, where given: which rollouts of a batch enter the update, by the rules of DataFlex-RL.',
    ],
    cost: 'O(K) a step with unit `prompt`; O(K·G) with unit `domain`. A decision is O(K). State: two numbers a domain, or two in all.',
    absentDomains:
      'A domain without a histogram keeps its counts. One that never had any takes the acceptance of all others together, which leaves it its target share among them. A prompt without rollouts is not counted.',
    differences: [
      'No official code was found; the rule is the paper’s. Its best thresholds are not known to us; 0.2 to 0.8 is its typical band.',
      'The dynamic sampling of DAPO (arXiv 2503.14476) is low 0, high 1, `open`. DataFlex-RL uses the open band from 0.2 to 0.8 on rates in float32.',
      'The band is sent from the start, before there is any evidence, for it needs none.',
      'Where no prompt at all is accepted the policy holds with that sentence, and `maxRefill` ends the trainer’s loop. `keepAcceptedShares` also holds where one domain accepts none, for no weight would give it its share.',
      'The weights with unit `domain` have no published evaluation.',
    ],
  },
  signals: ({ unit, rolloutsPerPrompt }) => passSignals(unit, rolloutsPerPrompt),
  defaults: {
    unit: 'prompt',
    rolloutsPerPrompt: 16,
    low: 0.2,
    high: 0.8,
    open: false,
    batch: null,
    maxRefill: 9,
    weights: 'reduceWaste',
    target: {},
    memory: 0.9,
    lowestAcceptance: 0,
    rolloutSelection: null,
  },
  schema: {
    type: 'object',
    properties: {
      unit: promptSchema.unit,
      rolloutsPerPrompt: {
        description: 'Rollouts of every prompt, G; says how many bins there are (unit `domain` only).',
        ...promptSchema.bins,
      },
      low: { description: 'Least pass rate that is kept.', type: 'number', minimum: 0, maximum: 1 },
      high: { description: 'Largest pass rate that is kept.', type: 'number', minimum: 0, maximum: 1 },
      open: { description: 'Whether the bounds themselves are turned away.', type: 'boolean' },
      batch: {
        description: 'Accepted prompts that make a batch; null leaves it to the trainer.',
        type: ['integer', 'null'],
        minimum: 1,
      },
      maxRefill: {
        description: 'Rounds of prompts drawn at most after the first, for a batch that is not full.',
        type: 'integer',
        minimum: 0,
      },
      weights: {
        description:
          'What the weights are for (unit `domain` only): fewer prompts turned away, or accepted prompts in target shares.',
        enum: ['reduceWaste', 'keepAcceptedShares'],
      },
      target: {
        description:
          'Target share of every domain by name, in any scale (unit `domain` only). Empty: the weights the run starts with.',
        type: 'object',
        additionalProperties: { type: 'number', minimum: 0 },
      },
      memory: {
        description: 'Share of the older counts that is kept at every step that brings new ones.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      lowestAcceptance: {
        description:
          'Share of accepted prompts at or below which the policy holds: of all prompts, or of a domain where weights divide by it.',
        type: 'number',
        minimum: 0,
        exclusiveMaximum: 1,
      },
      rolloutSelection: rolloutSelectionSchema,
    },
    additionalProperties: false,
  },
  check: (config, start) => [
    ...(config.low > config.high || (config.open && config.low === config.high)
      ? [`low: expected less than high (${config.high}), got ${config.low}; lower it or raise the other.`]
      : []),
    ...targetProblems(config, start),
    ...selectionProblems(config.rolloutSelection),
  ],
  initialState(config, start) {
    const counts = config.unit === 'prompt' ? [0] : start.domains.map(() => 0)
    return {
      target: targetOf(config, start),
      names: config.unit === 'prompt' ? [] : start.domains.map(({ name }) => name),
      accepted: counts,
      seen: counts,
    }
  },
  evolve(config, state, fact) {
    if (fact.kind !== 'step') return state
    return config.unit === 'prompt' ? watchPrompts(config, state, fact) : watchDomains(config, state, fact)
  },
  decide(config, state, current) {
    const controls = controlsOf(config)
    const seen = sum(state.seen)
    const overall = seen > 0 ? sum(state.accepted) / seen : null
    if (overall === null || config.unit === 'prompt') {
      if (overall !== null && overall <= config.lowestAcceptance) {
        return {
          kind: 'hold',
          because: `Of the prompts of the last reports ${percent(overall)} passed the band ${bandOf(config)}; widen it, or change the data. The trainer stops refilling after ${config.maxRefill} rounds.`,
        }
      }
      const known =
        overall === null
          ? `nothing is known of pass rates yet, for ${nothingCarried(config.unit)}`
          : `${percent(overall)} of the last prompts do`
      return {
        kind: 'steer',
        controls,
        because: { summary: `Prompts with a pass rate in ${bandOf(config)} are kept; ${known}.`, parts: {} },
      }
    }
    const rates = state.seen.map((count, i) => (count > 0 ? state.accepted[i]! / count : overall))
    const idle = rates.flatMap((rate, i) =>
      rate <= config.lowestAcceptance && state.target[i]! > 0 ? [state.names[i]!] : [],
    )
    if (config.weights === 'keepAcceptedShares' && idle.length > 0) {
      return {
        kind: 'hold',
        because: `${idle.join(', ')}: too few prompts pass the band ${bandOf(config)} (at most ${percent(config.lowestAcceptance)}), so that no weight gives the share among accepted prompts that is wanted; widen the band, or set its target to 0.`,
      }
    }
    const weights = toMixture(
      state.target.map((share, i) =>
        share === 0 ? 0 : config.weights === 'reduceWaste' ? share * rates[i]! : share / rates[i]!,
      ),
    )
    if (weights === undefined) {
      return {
        kind: 'hold',
        because: `No prompt of a domain with a target above 0 passes the band ${bandOf(config)}; widen it, or change the data.`,
      }
    }
    return propose(
      {
        weights,
        summary: `The band ${bandOf(config)} keeps ${percent(overall)} of the last prompts: ${
          config.weights === 'reduceWaste'
            ? 'domains whose prompts pass more often gain'
            : 'domains whose prompts pass less often gain, so that accepted prompts keep the target shares'
        }.`,
        parts: {
          target: state.target.map((share, i) => share - current[i]!),
          acceptance: weights.map((weight, i) => weight - state.target[i]!),
        },
        unchanged: 'The acceptance rates so far ask for the mixture that is already in force.',
        controls,
        steers: true,
      },
      current,
    )
  },
}

function controlsOf(config: DifficultyFilterConfig): Controls {
  const { low, high, open, batch, maxRefill, rolloutSelection } = config
  return {
    acceptBand: { low, high, open, ...(batch === null ? {} : { batch }), maxRefill },
    ...(rolloutSelection === null ? {} : { rolloutSelection }),
  }
}

function watchPrompts(
  config: DifficultyFilterConfig,
  state: DifficultyFilterState,
  fact: StepFact,
): DifficultyFilterState {
  let accepted = 0
  let seen = 0
  for (let i = 0; i < fact.present.length; i++) {
    const counts = passCounts(fact, i)
    if (counts === undefined) continue
    seen++
    if (isAccepted(config, counts.successes, counts.rollouts)) accepted++
  }
  if (seen === 0) return state
  return {
    ...state,
    accepted: [config.memory * state.accepted[0]! + accepted],
    seen: [config.memory * state.seen[0]! + seen],
  }
}

function watchDomains(
  config: DifficultyFilterConfig,
  state: DifficultyFilterState,
  fact: StepFact,
): DifficultyFilterState {
  const columns = passBinColumns(fact, config.rolloutsPerPrompt)
  if (columns === undefined) return state
  const isKept = acceptedSuccesses(config, config.rolloutsPerPrompt)
  let accepted: number[] | undefined
  let seen: number[] | undefined
  for (let i = 0; i < state.seen.length; i++) {
    const all = promptsIn(fact, i, columns)
    if (all === 0) continue
    accepted ??= [...state.accepted]
    seen ??= [...state.seen]
    let kept = 0
    for (let successes = 0; successes < columns.length; successes++)
      if (isKept[successes] === true) kept += columns[successes]![i]!
    accepted[i] = config.memory * accepted[i]! + kept + 0
    seen[i] = config.memory * seen[i]! + all
  }
  return accepted === undefined || seen === undefined ? state : { ...state, accepted, seen }
}

function targetOf(config: DifficultyFilterConfig, start: PolicyStart): readonly number[] {
  if (config.unit === 'prompt' || Object.keys(config.target).length === 0) return start.weights
  return toMixture(start.domains.map(({ name }) => config.target[name] ?? 0)) ?? start.weights
}

function targetProblems(config: DifficultyFilterConfig, start: PolicyStart): readonly string[] {
  if (Object.keys(config.target).length === 0) return []
  if (config.unit === 'prompt')
    return ['target: expected nothing with unit `prompt`, which sets no weights; remove it.']
  const problems = byDomainProblems('target', config.target, start.domains)
  return problems.length > 0 || Object.values(config.target).some((share) => share > 0)
    ? problems
    : ['target: expected a share above 0, but every one is 0; give at least one domain a share.']
}

function bandOf({ low, high, open }: AcceptBand): string {
  return open ? `(${low}, ${high})` : `[${low}, ${high}]`
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`
}
