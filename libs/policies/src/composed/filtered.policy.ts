import { byDomainProblems } from '../by-domain.js'
import {
  emptyMemory,
  filterEvaluation,
  filterStep,
  referenceSignal,
  type FilterMemory,
  type LossFilter,
} from './filter-losses.js'
import {
  innerOf,
  innerProblems,
  innerSchema,
  needsOfInner,
  type Find,
  type InnerChoice,
} from './inner-policy.js'
import type { Json, Policy, PolicyStart } from '../policy.js'

type FilteredConfig = InnerChoice &
  LossFilter & {
    readonly losses: 'training' | 'heldOut' | 'both'
    readonly referenceLosses: Readonly<Record<string, number>>
  }

type FilteredState = {
  readonly inner: Json
  /** Given reference losses in domain order. */
  readonly given: readonly number[] | null
  /** Of step losses and of held-out losses; null where they are not filtered. */
  readonly training: FilterMemory | null
  readonly heldOut: FilterMemory | null
}

/**
 * Any policy, which sees losses clipped, held against a reference, smoothed, or all of it. Takes the lookup as an argument,
 * since the registry holds this policy too. Costs what the policy inside costs, and O(K) per step and evaluation.
 */
export const filtered = (find: Find): Policy<FilteredConfig, FilteredState> => ({
  name: 'filtered',
  version: 1,
  title: 'Filtered losses',
  purpose: 'Lets any policy see losses clipped, held against a reference, or smoothed by a moving average.',
  cites: [],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'The rule smooths, clips or holds against a reference itself (ODM averages, DoReMi and the excess rules have a reference): twice is slower, not safer. Rules that fit a curve to losses (ADO) fit the filtered curve, which is not the one of the model.',
    mathematics: [
      'ℓ = lossSum / tokens of a domain in a step, or its held-out loss in an evaluation, nats per token. In this order:',
      'Clip: ℓ ← min(max(ℓ, lowest), highest).',
      'Hold against a reference r: ℓ ← ℓ − r (difference) or ℓ ← ℓ / r (ratio). given: r is the given loss of the domain. firstWindow: r is the mean of the first `window` values of the domain, clipped; until there are so many, of those so far, so that the first one becomes 0 or 1. signal: r = refLossSum / tokens of the same step.',
      'Smooth: m ← smoothing · m + (1 − smoothing) · ℓ, beginning with the first value; ℓ ← m.',
      'What the policy inside sees: in a step lossSum = ℓ · tokens; in an evaluation loss = ℓ. Nothing else changes: tokens, sequences, all signals (refLossSum and clippedExcessSum too), scores, the mixture in force and the mixtures of the run are told as they were.',
      'Training and held-out losses have averages and windows of their own. `losses` says which of them are filtered; the others are told as they were.',
    ],
    cost: 'What the policy inside costs, and O(K) a step and an evaluation. The state has three numbers a domain for each kind of loss that is filtered.',
    absentDomains:
      'A domain without tokens in a step keeps its average, its window, and is as absent for the policy inside. One without a usable reference (none came, or a ratio to 0 or less) or without a finite result is absent for it in that step, tokens and all, or not evaluated in that evaluation.',
    differences: [
      'A moving average that begins with the first value needs no correction for its start; ODM’s own begins at 0.',
      'Differences and ratios may be 0 or negative; rules that take logarithms of losses or weigh by them then hold, or clamp, as their own pages say.',
      'Policies whose weights multiply losses are refused here as in every composite.',
    ],
  },
  ...needsOfInner(find),
  signals(config) {
    const inner = needsOfInner(find).signals(config)
    return config.reference === 'signal' ? [...new Set([...inner, referenceSignal])] : inner
  },
  defaults: {
    policy: 'odm',
    config: {},
    losses: 'both',
    lowest: null,
    highest: null,
    reference: 'none',
    relation: 'difference',
    referenceLosses: {},
    window: 100,
    smoothing: 0,
  },
  schema: {
    type: 'object',
    properties: {
      ...innerSchema,
      losses: {
        description: 'Which losses are filtered: those of training steps, of evaluations (heldOut), or both.',
        enum: ['training', 'heldOut', 'both'],
      },
      lowest: {
        description: 'Losses below this count as this, nats per token; null: none.',
        type: ['number', 'null'],
      },
      highest: {
        description: 'Losses above this count as this, nats per token; null: none.',
        type: ['number', 'null'],
      },
      reference: {
        description:
          'What losses are held against: nothing, the given losses, the mean of the first ones of the domain, or the signal refLossSum (training losses only).',
        enum: ['none', 'given', 'firstWindow', 'signal'],
      },
      relation: {
        description: 'How a loss is held against its reference: loss − reference, or loss / reference.',
        enum: ['difference', 'ratio'],
      },
      referenceLosses: {
        description: 'Reference loss of every domain by name, nats per token, where reference is "given".',
        type: 'object',
        additionalProperties: { type: 'number' },
      },
      window: {
        description: 'How many of a domain’s first losses its own reference is the mean of (firstWindow).',
        type: 'integer',
        minimum: 1,
      },
      smoothing: {
        description: 'Share of the old average in the new one; 0 does not smooth.',
        type: 'number',
        minimum: 0,
        exclusiveMaximum: 1,
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => [...innerProblems(find, config, start), ...filterProblems(config, start)],
  initialState(config, start) {
    const { policy, config: own } = innerOf(find, config)
    const { losses, reference, referenceLosses } = config
    const memory = emptyMemory(start.domains.length)
    return {
      inner: policy.initialState(own, start) as Json,
      given: reference === 'given' ? start.domains.map(({ name }) => referenceLosses[name]! + 0) : null,
      training: losses === 'heldOut' ? null : memory,
      heldOut: losses === 'training' ? null : memory,
    }
  },
  evolve(config, state, fact) {
    const { policy, config: own } = innerOf(find, config)
    const { given, training, heldOut } = state
    if (fact.kind === 'step' && training !== null) {
      const { fact: seen, memory } = filterStep(config, training, given, fact)
      return { ...state, inner: policy.evolve(own, state.inner, seen) as Json, training: memory }
    }
    if (fact.kind === 'evaluation' && heldOut !== null) {
      const { fact: seen, memory } = filterEvaluation(config, heldOut, given, fact)
      return { ...state, inner: policy.evolve(own, state.inner, seen) as Json, heldOut: memory }
    }
    const inner = policy.evolve(own, state.inner, fact) as Json
    return inner === state.inner ? state : { ...state, inner }
  },
  decide(config, state, current) {
    const { policy, config: own } = innerOf(find, config)
    const proposal = policy.decide(own, state.inner, current)
    if (proposal.kind === 'hold') return proposal
    const { because } = proposal
    return { ...proposal, because: { ...because, summary: `On losses ${said(config)}: ${because.summary}` } }
  },
})

/** What was done to the losses, in words. */
function said({ lowest, highest, reference, relation, smoothing }: FilteredConfig): string {
  const bounds = [
    ...(lowest === null ? [] : [`from ${lowest}`]),
    ...(highest === null ? [] : [`up to ${highest}`]),
  ]
  const against = {
    given: 'the given ones',
    firstWindow: 'the first ones of each domain',
    signal: 'those of the reference model',
  }
  const steps = [
    ...(bounds.length === 0 ? [] : [`clipped ${bounds.join(' ')}`]),
    ...(reference === 'none'
      ? []
      : [`${relation === 'difference' ? 'less' : 'divided by'} ${against[reference]}`]),
    ...(smoothing === 0 ? [] : [`smoothed by ${smoothing}`]),
  ]
  return steps.length === 0 ? 'as they are' : steps.join(', ')
}

function filterProblems(config: FilteredConfig, start: PolicyStart): readonly string[] {
  const { lowest, highest, losses, reference, relation, referenceLosses } = config
  const problems: string[] = []
  if (lowest !== null && highest !== null && lowest > highest)
    problems.push(
      `lowest: expected at most highest (${highest}), got ${lowest}; lower it or raise the other.`,
    )
  if (reference === 'signal' && losses !== 'training')
    problems.push(
      `losses: expected "training" with the reference "signal", which comes with steps only, got "${losses}"; say "training", or choose another reference.`,
    )
  if (reference === 'given')
    problems.push(...byDomainProblems('referenceLosses', referenceLosses, start.domains))
  else if (Object.keys(referenceLosses).length > 0)
    problems.push(
      `referenceLosses: expected none with the reference "${reference}"; remove them, or say "given" in reference.`,
    )
  const low = Object.entries(referenceLosses).filter(([, loss]) => loss <= 0)
  if (reference === 'given' && relation === 'ratio' && low.length > 0)
    problems.push(
      `referenceLosses: expected numbers above 0 for a ratio, got ${low.map(([name, loss]) => `${loss} for ${name}`).join(', ')}; correct them, or take the difference.`,
    )
  return problems
}
