import { fixedMixture, fixedProblems, fixedSchema, nameOfFixed, type FixedMixture } from './fixed-mixture.js'
import {
  innerOf,
  innerProblems,
  innerSchema,
  needsOfInner,
  type Find,
  type InnerChoice,
} from './inner-policy.js'
import type { Json, Policy, PolicyStart } from '../policy.js'
import { isReached, positionProblems, positionSchema, tokensOf, type Position } from './position.js'
import { propose } from '../propose.js'

type WarmUpConfig = InnerChoice & FixedMixture & { readonly until: Position; readonly seen: boolean }

type WarmUpState = {
  /** What the policy knows; null before it has begun. */
  readonly inner: Json | null
  /** The mixture of the warm-up. */
  readonly fixed: readonly number[]
  readonly tokens: number
  readonly isOver: boolean
  /** The run as the policy will find it; null once nobody needs it. */
  readonly start: PolicyStart | null
}

/**
 * A fixed mixture for the first steps, tokens or share of a run, then any policy, which has seen the warm-up or has not.
 * Takes the lookup as an argument, since the registry holds this policy too. Costs what the policy inside costs.
 */
export const warmUp = (find: Find): Policy<WarmUpConfig, WarmUpState> => ({
  name: 'warm-up',
  version: 1,
  title: 'Warm-up',
  purpose: 'Keeps a fixed mixture at the beginning of a run, then lets any policy decide.',
  cites: [],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'The rule has a warm-up of its own (ODM, ADO): what it means by it, and which numbers it counts from where, belongs to the rule. For more than two phases take `schedule`.',
    mathematics: [
      'As long as `until` is not reached: w = the fixed mixture. Afterwards: w = what the policy inside proposes.',
      'until.steps is the last step of the warm-up, until.tokens counts tokens of all domains, until.share is of the declared horizon, in tokens where it has them and in steps otherwise. The step that reaches it still belongs to the warm-up; 0 is none.',
      'With `seen` the policy inside begins with the run and sees all of it, the mixtures of the warm-up too; it is only not asked. Without, it begins after the warm-up, from the mixture then in force, as if the run began there, and sees the step numbers of the run.',
      'In a warm-up the part `warmUp` is the whole change; afterwards the parts are those of the policy inside.',
    ],
    cost: 'What the policy inside costs, and a sum over K tokens a step until the warm-up is over. The state has one mixture beside that of the policy inside, and the start of the run until it begins.',
    absentDomains: 'A warm-up does not ask; afterwards as the policy inside has it.',
    differences: [
      'An override is undone at the next decision of the warm-up; freeze the run to keep it.',
      'Inside a later phase of a schedule, tokens count from where the phase began, steps are those of the run.',
      'Policies whose weights multiply losses are refused: a mixture to warm up with would mean something else than theirs.',
    ],
  },
  ...needsOfInner(find),
  defaults: { policy: 'odm', config: {}, mixture: 'start', weights: {}, until: { steps: 1000 }, seen: true },
  schema: {
    type: 'object',
    properties: {
      ...innerSchema,
      ...fixedSchema('The mixture of the warm-up'),
      until: positionSchema('Where the warm-up ends: exactly one of steps, tokens, share.', {
        steps: 'The step that is the last of the warm-up.',
        tokens: 'Tokens of the run, all domains together.',
        share: 'Share of the declared horizon.',
      }),
      seen: {
        description: 'Whether the policy learns from the warm-up, or begins after it as if nothing had been.',
        type: 'boolean',
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => [
    ...innerProblems(find, config, start),
    ...fixedProblems(config, start),
    ...positionProblems('until', config.until, start.horizon),
  ],
  initialState(config, start) {
    const isOver = isReached(config.until, start.horizon, { steps: 0, tokens: 0 })
    const begins = config.seen || isOver
    return {
      inner: begins ? begin(find, config, start) : null,
      fixed: fixedMixture(config, start),
      tokens: 0,
      isOver,
      start: isOver ? null : start,
    }
  },
  evolve(config, state, fact) {
    const { policy, config: own } = innerOf(find, config)
    const inner = state.inner === null ? null : (policy.evolve(own, state.inner, fact) as Json)
    const { start } = state
    if (start === null) return inner === state.inner ? state : { ...state, inner }
    if (fact.kind === 'mixture') return { ...state, inner, start: { ...start, weights: fact.weights } }
    if (fact.kind !== 'step') return inner === state.inner ? state : { ...state, inner }

    const tokens = Math.min(state.tokens + tokensOf(fact), Number.MAX_VALUE)
    if (!isReached(config.until, start.horizon, { steps: fact.step, tokens }))
      return { ...state, inner, tokens }
    return { ...state, inner: inner ?? begin(find, config, start), tokens, isOver: true, start: null }
  },
  decide(config, state, current) {
    if (state.isOver) {
      const { policy, config: own } = innerOf(find, config)
      return policy.decide(own, state.inner, current)
    }
    const summary = `Warming up until ${said(config.until)}, with the ${nameOfFixed[config.mixture]} mixture.`
    return propose(
      {
        weights: state.fixed,
        summary,
        parts: { warmUp: state.fixed.map((weight, i) => weight - current[i]!) },
        unchanged: summary,
      },
      current,
    )
  },
})

function begin(find: Find, choice: InnerChoice, start: PolicyStart): Json {
  const { policy, config } = innerOf(find, choice)
  return policy.initialState(config, start) as Json
}

/** The end of the warm-up in words that stay the same, so that a hold is written once. */
function said({ steps, tokens, share }: Position): string {
  if (steps !== undefined) return `step ${steps}`
  return tokens !== undefined
    ? `${tokens} tokens`
    : `${Number(((share ?? 0) * 100).toPrecision(4))} % of the run`
}
