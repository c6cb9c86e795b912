import { fixedMixture, fixedProblems, fixedSchema, nameOfFixed, type FixedMixture } from './fixed-mixture.js'
import {
  innerOf,
  innerProblems,
  innerSchema,
  needsOfInner,
  type Find,
  type InnerChoice,
} from './inner-policy.js'
import type { Json, Policy, PolicyStart, Proposal } from '../policy.js'
import { positionProblems, positionSchema, shareGone, tokensOf, type Position } from './position.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'

type BlendConfig = InnerChoice &
  FixedMixture & {
    readonly share: number
    readonly fade?: { readonly to: number; readonly over: Position }
  }

type BlendState = {
  readonly inner: Json
  /** The mixture that is blended in. */
  readonly fixed: readonly number[]
  /** What of the run's mixture is the inner policy's: the mixture it believes the run has. */
  readonly own: readonly number[]
  readonly step: number
  readonly tokens: number
  readonly horizon: NonNullable<PolicyStart['horizon']>
}

/**
 * Any policy's proposal mixed with a fixed mixture, by a share that may fade over the run. Takes the lookup as an argument,
 * since the registry holds this policy too. Costs what the policy inside costs, and O(K) per decision.
 */
export const blend = (find: Find): Policy<BlendConfig, BlendState> => ({
  name: 'blend',
  version: 1,
  title: 'Blend',
  purpose: 'Mixes what any policy proposes with a fixed mixture, by a share that may fade over the run.',
  cites: [],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'A guard rail is meant: floors, ceilings and the entropy floor hold whatever a policy proposes, and say so in each decision. A blend bends every proposal, sound ones too.',
    mathematics: [
      'w = (1 − s) · p + s · m, with p what the policy inside proposes, m the fixed mixture, and s the share.',
      's is `share`; with `fade` it goes evenly from `share` to `fade.to` while `fade.over` passes, and stays there.',
      'The policy inside lives in its own part of the mixture: it is asked, and told of mixtures, as if the run had o = (w − s · m) / (1 − s), with negative numbers taken for 0 and divided by the sum. So guard rails and overrides reach it as far as they reach its part. While it holds, p = o.',
      'Its parts count (1 − s)-fold; the part `blend` is (1 − s) · o + s · m − current: 0 while the share stays and nobody else moved the mixture.',
      'Steps are told as they were, with the mixture that was in force.',
    ],
    cost: 'What the policy inside costs, O(K) at each mixture and decision, and a sum over K tokens a step. The state has two mixtures beside that of the policy inside.',
    absentDomains: 'As the policy inside has it; the share of the fixed mixture does not ask.',
    differences: [
      'Published rules have smoothing of their own (DoReMi, ODM, DoGE: with the uniform mixture, inside the rule, so that it feeds back). This one is outside: the rule does not know.',
      'A fade counts steps by their numbers, and tokens from where this policy began: inside a later phase of a schedule that is where the phase began.',
      'Policies whose weights multiply losses are refused: half a multiplier and half a sampling probability is neither.',
    ],
  },
  ...needsOfInner(find),
  defaults: { policy: 'odm', config: {}, mixture: 'start', weights: {}, share: 0.5 },
  schema: {
    type: 'object',
    properties: {
      ...innerSchema,
      ...fixedSchema('What it is mixed with'),
      share: {
        description: 'Share of the fixed mixture, from 0 (none) to 1 (nothing else).',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      fade: {
        description: 'Moves the share evenly to another one. Left out: it stays.',
        type: 'object',
        properties: {
          to: { description: 'The share at the end.', type: 'number', minimum: 0, maximum: 1 },
          over: positionSchema('Where it is reached: exactly one of steps, tokens, share.', {
            steps: 'Steps, by their numbers.',
            tokens: 'Tokens, all domains together.',
            share: 'Share of the declared horizon.',
          }),
        },
        required: ['to', 'over'],
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => [
    ...innerProblems(find, config, start),
    ...fixedProblems(config, start),
    ...(config.fade === undefined ? [] : positionProblems('fade.over', config.fade.over, start.horizon)),
  ],
  initialState(config, start) {
    const { policy, config: own } = innerOf(find, config)
    return {
      inner: policy.initialState(own, start) as Json,
      fixed: fixedMixture(config, start),
      own: start.weights,
      step: 0,
      tokens: 0,
      horizon: start.horizon ?? {},
    }
  },
  evolve(config, state, fact) {
    const { policy, config: ownConfig } = innerOf(find, config)
    if (fact.kind === 'mixture') {
      const own = ownOf(fact.weights, state.fixed, shareAt(config, state)) ?? state.own
      return {
        ...state,
        own,
        inner: policy.evolve(ownConfig, state.inner, { ...fact, weights: own }) as Json,
      }
    }
    const inner = policy.evolve(ownConfig, state.inner, fact) as Json
    if (fact.kind !== 'step') return inner === state.inner ? state : { ...state, inner }
    const tokens = Math.min(state.tokens + tokensOf(fact), Number.MAX_VALUE)
    return { ...state, inner, step: fact.step, tokens }
  },
  decide(config, state, current) {
    const { policy, config: ownConfig } = innerOf(find, config)
    const { own, fixed } = state
    const proposal: Proposal = policy.decide(ownConfig, state.inner, own)
    const share = shareAt(config, state)
    const kept = 1 - share
    const wanted = proposal.kind === 'reweigh' ? proposal.weights : own
    const parts: Record<string, readonly number[]> = {}
    if (proposal.kind === 'reweigh')
      for (const [name, part] of Object.entries(proposal.because.parts))
        parts[name] = part.map((value) => kept * value + 0)
    // A blend inside has a part of this name, too: both are one then.
    parts['blend'] = own.map(
      (weight, i) => kept * weight + share * fixed[i]! - current[i]! + (parts['blend']?.[i] ?? 0),
    )
    const said = proposal.kind === 'hold' ? proposal.because : proposal.because.summary
    const name = `the ${nameOfFixed[config.mixture]} mixture`
    const controls = proposal.kind === 'hold' ? undefined : proposal.controls
    return propose(
      {
        weights: wanted.map((weight, i) => kept * weight + share * fixed[i]!),
        summary: `A share of ${Number(share.toPrecision(4))} is ${name}. ${said}`,
        parts,
        // Without the share, which may change all the time: a hold is written once a reason.
        unchanged:
          proposal.kind === 'hold'
            ? `Blended with ${name}: ${said}`
            : 'The blend asks for the mixture that is already in force.',
        ...(controls === undefined ? {} : { controls }),
        ...(proposal.kind === 'steer' ? { steers: true } : {}),
      },
      current,
    )
  },
})

function shareAt({ share, fade }: BlendConfig, { step, tokens, horizon }: BlendState): number {
  if (fade === undefined) return share
  return share + (fade.to - share) * shareGone(fade.over, horizon, { steps: step, tokens })
}

/** What is left of a mixture without the share of the fixed one; undefined where that is all of it. */
function ownOf(
  weights: readonly number[],
  fixed: readonly number[],
  share: number,
): readonly number[] | undefined {
  return share >= 1
    ? undefined
    : toMixture(weights.map((weight, i) => Math.max(0, (weight - share * fixed[i]!) / (1 - share))))
}
