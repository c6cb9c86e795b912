import { configure } from './configure.js'
import type { AnyPolicy, Json, Policy, PolicyFact, PolicyStart } from './policy.js'
import { UnknownPolicy } from './unknown-policy.error.js'

type Position = { readonly steps?: number; readonly tokens?: number; readonly share?: number }
type Phase = {
  readonly policy: string
  readonly config?: Readonly<Record<string, Json>>
  readonly until?: Position
}
type ScheduleConfig = { readonly phases: readonly Phase[] }

type ScheduleState = {
  readonly phase: number
  /** State of the phase's policy, begun when the phase began. */
  readonly inner: Json
  readonly tokens: number
  /** The run as the next phase will find it: `weights` is the newest mixture it took on. */
  readonly start: PolicyStart
}

/**
 * One policy after the other: warm-up then a rule, a rule then upsampling of good domains in the last tenth
 * (arXiv 2406.03476, §3: 10 to 20 % did best), high temperature then natural (arXiv 2410.04579). Each phase holds any
 * policy and ends at a position of the run: a step, an amount of tokens, or a share of the declared horizon (in tokens
 * where the horizon has them, in steps otherwise). The last phase has no end. The step that reaches a position still
 * belongs to the phase that ends there; a position of 0 skips its phase. Cost per step: that of the phase's policy, and
 * a sum over domains.
 *
 * A phase's policy begins when the phase does, from the mixture then in force. It sees the run's own step numbers, so
 * a warm-up counted in steps inside a later phase counts from the start of the run. All phases set sampling
 * probabilities; a policy whose weights multiply losses is refused.
 * Takes the lookup as an argument, since the registry holds this policy too.
 */
export const schedule = (
  find: (name: string) => AnyPolicy | undefined,
): Policy<ScheduleConfig, ScheduleState> => ({
  name: 'schedule',
  version: 1,
  title: 'Schedule',
  purpose: 'Runs one policy after the other, in phases set by steps, tokens or a share of the run.',
  cites: ['arXiv:2406.03476', 'arXiv:2410.04579'],
  meaning: 'samplingProbability',
  signals: (config) => [
    ...new Set(
      config.phases.flatMap((phase): readonly string[] =>
        required(find, phase).signals(configOf(find, phase)),
      ),
    ),
  ],
  defaults: { phases: [{ policy: 'static' }] },
  schema: {
    type: 'object',
    properties: {
      phases: {
        description: 'The phases in order; all but the last say until when they last.',
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            policy: { description: 'Name of the policy of this phase.', type: 'string', minLength: 1 },
            config: {
              description: 'Its configuration; what is left out takes its defaults.',
              type: 'object',
            },
            until: {
              description: 'Where in the run the phase ends: exactly one of steps, tokens, share.',
              type: 'object',
              properties: {
                steps: {
                  description: 'The step that is the last of the phase.',
                  type: 'integer',
                  minimum: 0,
                },
                tokens: {
                  description: 'Tokens of the run, all domains together.',
                  type: 'number',
                  minimum: 0,
                },
                share: {
                  description: 'Share of the declared horizon.',
                  type: 'number',
                  minimum: 0,
                  maximum: 1,
                },
              },
              additionalProperties: false,
            },
          },
          required: ['policy'],
          additionalProperties: false,
        },
      },
    },
    additionalProperties: false,
  },
  check: (config, start) =>
    config.phases.flatMap((phase, i) => [
      ...endProblems(config.phases, i, start),
      ...policyProblems(find, phase, start).map((problem) => `phases[${i}].${problem}`),
    ]),
  initialState(config, start) {
    const phase = phaseAfter(config, start, 0, 0, 0)
    return { phase, inner: begin(find, config.phases[phase]!, start), tokens: 0, start }
  },
  evolve(config, state, fact) {
    const phase = config.phases[state.phase]!
    const inner: Json = required(find, phase).evolve(configOf(find, phase), state.inner, fact) as Json
    if (fact.kind === 'mixture') return { ...state, inner, start: { ...state.start, weights: fact.weights } }
    if (fact.kind !== 'step') return inner === state.inner ? state : { ...state, inner }

    const tokens = state.tokens + tokensOf(fact)
    const next = phaseAfter(config, state.start, state.phase, fact.step, tokens)
    return next === state.phase
      ? { ...state, inner, tokens }
      : { ...state, phase: next, inner: begin(find, config.phases[next]!, state.start), tokens }
  },
  decide(config, state, current) {
    const phase = config.phases[state.phase]!
    const proposal = required(find, phase).decide(configOf(find, phase), state.inner, current)
    const title = `Phase ${state.phase + 1} of ${config.phases.length}, ${phase.policy}: `
    if (proposal.kind === 'hold') return { kind: 'hold', because: title + proposal.because }
    return {
      ...proposal,
      because: { ...proposal.because, summary: title + proposal.because.summary },
      controls: { ...proposal.controls, phase: state.phase + 1 },
    }
  },
})

function required(find: (name: string) => AnyPolicy | undefined, phase: Phase): AnyPolicy {
  const policy = find(phase.policy)
  if (policy === undefined) throw new UnknownPolicy(phase.policy)
  return policy
}

function configOf(find: (name: string) => AnyPolicy | undefined, phase: Phase): Json {
  return { ...(required(find, phase).defaults as Record<string, Json>), ...phase.config }
}

function begin(find: (name: string) => AnyPolicy | undefined, phase: Phase, start: PolicyStart): Json {
  return required(find, phase).initialState(configOf(find, phase), start) as Json
}

/** The phase in force once `steps` and `tokens` are reached. */
function phaseAfter(
  config: ScheduleConfig,
  start: PolicyStart,
  from: number,
  steps: number,
  tokens: number,
): number {
  let phase = from
  while (phase < config.phases.length - 1 && isOver(config.phases[phase]!.until, start, steps, tokens))
    phase++
  return phase
}

function isOver(until: Position | undefined, start: PolicyStart, steps: number, tokens: number): boolean {
  if (until?.steps !== undefined) return steps >= until.steps
  if (until?.tokens !== undefined) return tokens >= until.tokens
  if (until?.share === undefined) return false
  const { horizon } = start
  if (horizon?.tokens !== undefined) return tokens >= until.share * horizon.tokens
  return horizon?.steps !== undefined && steps >= until.share * horizon.steps
}

function tokensOf(fact: Extract<PolicyFact, { kind: 'step' }>): number {
  let total = 0
  fact.tokens.forEach((tokens, i) => {
    if (fact.present[i] === true && tokens > 0 && Number.isFinite(tokens)) total += tokens
  })
  return total
}

function policyProblems(
  find: (name: string) => AnyPolicy | undefined,
  phase: Phase,
  start: PolicyStart,
): readonly string[] {
  const policy = find(phase.policy)
  if (policy === undefined) {
    return [`policy: expected a known policy, got "${phase.policy}"; choose one from the registry.`]
  }
  if (policy.meaning !== 'samplingProbability') {
    return [
      `policy: expected a policy that sets sampling probabilities, got ${policy.name}, whose weights multiply losses; run it on its own.`,
    ]
  }
  const configured = configure(policy, phase.config, start)
  return configured.ok ? [] : configured.problems.map((problem) => `config: ${problem}`)
}

/** Every phase but the last ends, in one unit, not before a phase before it that ends in the same unit. */
function endProblems(phases: readonly Phase[], i: number, start: PolicyStart): readonly string[] {
  const until = phases[i]!.until
  const path = `phases[${i}].until`
  if (i === phases.length - 1) {
    return until === undefined
      ? []
      : [
          `${path}: expected nothing, for the last phase lasts as long as the run; remove it, or add a phase after it.`,
        ]
  }
  const units = (['steps', 'tokens', 'share'] as const).filter((unit) => until?.[unit] !== undefined)
  const [unit] = units
  if (unit === undefined || units.length > 1) {
    const got = units.length === 0 ? 'none' : units.join(' and ')
    return [
      `${path}: expected exactly one of steps, tokens, share, got ${got}; say with one of them where the phase ends.`,
    ]
  }
  if (unit === 'share' && start.horizon?.tokens === undefined && start.horizon?.steps === undefined) {
    return [
      `${path}.share: expected a run that declares its horizon, but this one does not; declare \`horizon\` in steps or tokens, or use until.steps or until.tokens.`,
    ]
  }
  const before = phases.slice(0, i).findLast((phase) => phase.until?.[unit] !== undefined)?.until?.[unit]
  return before !== undefined && until![unit]! < before
    ? [
        `${path}.${unit}: expected at least ${before}, where an earlier phase ends, got ${until![unit]}; put the phases in order.`,
      ]
    : []
}
