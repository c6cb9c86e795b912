import {
  defaultCadence,
  defaultLateness,
  digestOf,
  emptyEvidence,
  type Domain,
  type Guards,
  type Horizon,
  type LedgerData,
  type RunStarted,
} from '@mixdesk/contracts'
import {
  allPolicies,
  configure,
  digestible,
  findPolicy,
  type AnyPolicy,
  type PolicyStart,
} from '@mixdesk/policies'
import { emptyAssembly } from './assembler.js'
import { renormalise } from './box.js'
import { checkGuards } from './check-guards.js'
import { resolveGuards } from './guard-rails.js'
import { newestRules } from './rules.js'
import { openedByOf, type Learning, type RunState } from './run-state.js'

/** A run's beginning, judged: the same answer for whoever asks, HTTP, CLI or the log. */
export type Judged =
  | { readonly ok: true; readonly policy: AnyPolicy; readonly config: unknown; readonly start: PolicyStart }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Whether the run can be mixed as asked; every fault at once, in sentences. */
export function judgeStart(started: RunStarted): Judged {
  const start = policyStartOf(started)
  const guardProblems = checkGuards(started.guards ?? {}, started.domains, started.horizon)
  const policy = findPolicy(started.policy.name)
  if (policy === undefined) {
    const known = allPolicies()
      .map((one) => one.name)
      .join(', ')
    return {
      ok: false,
      problems: [`There is no policy "${started.policy.name}"; there are: ${known}.`, ...guardProblems],
    }
  }
  const configured = configure(policy, started.policy.config, start)
  const problems = [
    ...(configured.ok ? undeclared(started, policy, configured.config) : configured.problems),
    ...guardProblems,
    ...meaninglessCap(started, policy),
  ]
  return configured.ok && problems.length === 0
    ? { ok: true, policy, config: configured.config, start }
    : { ok: false, problems }
}

/** What the policy needs and the run says it won't send. A run that says nothing is seen by what it sends. */
function undeclared(started: RunStarted, policy: AnyPolicy, config: unknown): readonly string[] {
  const { signals, evaluations } = started
  const lacking = (needed: readonly string[], declared: readonly string[] | undefined) =>
    declared === undefined ? [] : needed.filter((name) => !declared.includes(name))
  const problem = (what: string, field: string, message: string) =>
    `${field}: ${policy.name} needs ${what}, which the run doesn't declare; send it with ${message} and declare it, or choose another policy.`
  const missing = lacking(policy.signals(config), signals)
  const problems =
    missing.length === 0
      ? []
      : [problem(`the signal ${missing.join(', ')}`, 'signals', 'every losses.measured')]
  if (evaluations === undefined) return problems
  const reads = policy.evaluations?.(config) ?? {}
  if (reads.loss === true && evaluations.loss !== true)
    problems.push(problem('held-out losses of the domains', 'evaluations.loss', 'evaluation.measured'))
  const tasks = lacking(reads.scores ?? [], evaluations.scores ?? [])
  if (tasks.length > 0)
    problems.push(problem(`the score of ${tasks.join(', ')}`, 'evaluations.scores', 'evaluation.measured'))
  return problems
}

function meaninglessCap({ guards }: RunStarted, policy: AnyPolicy): readonly string[] {
  return guards?.repetitionCap === undefined || policy.meaning === 'samplingProbability'
    ? []
    : [
        `guards.repetitionCap: the weights of ${policy.name} multiply losses and don't choose what is read, so that no cap on them keeps data from being repeated; leave it out.`,
      ]
}

export function policyStartOf(started: {
  readonly domains: readonly Domain[]
  readonly horizon?: Horizon
}): PolicyStart {
  const { domains, horizon } = started
  const weights = domains.every((domain) => domain.weight !== undefined)
    ? renormalise(domains.map((domain) => domain.weight!))
    : domains.map(() => 1 / domains.length)
  return { domains, weights, ...(horizon === undefined ? {} : { horizon }) }
}

/** State of a run right after its start: nothing folded, version 0. */
export function initialRunState(
  started: RunStarted,
  judged: Judged,
  { id, rules = newestRules }: { readonly id?: string | undefined; readonly rules?: number | undefined } = {},
): RunState {
  const cadence = started.cadence ?? defaultCadence
  const lateness = started.lateness ?? defaultLateness
  const config = judged.ok ? judged.config : (started.policy.config ?? {})
  const guards = judged.ok ? (started.guards ?? {}) : {}
  const { horizon, signals, evaluations } = started
  return {
    schema: 1,
    ...(rules === 1 ? {} : { rules }),
    run: started.run,
    project: started.project,
    domains: started.domains,
    policy: {
      name: started.policy.name,
      version: judged.ok ? judged.policy.version : 0,
      config,
      configDigest: digestOf(judged.ok ? digestible(judged.policy, config) : config),
    },
    guards,
    rails: resolveGuards(guards, started.domains, cadence, horizon),
    cadence,
    lateness,
    ...(horizon === undefined ? {} : { horizon }),
    ...(signals === undefined ? {} : { signals }),
    ...(evaluations === undefined ? {} : { evaluations }),
    startDigest: digestOf(started),
    ...(started.parent === undefined ? {} : { parent: started.parent }),
    status: judged.ok ? 'running' : 'refused',
    problems: judged.ok ? [] : judged.problems,
    attempt: 1,
    attempts: [{ attempt: 1, fromStep: -1 }],
    ranks: started.ranks,
    ...openedByOf(id === undefined ? {} : { openedBy: id }),
    params: started.params ?? {},
    tags: started.tags ?? [],
    notes: started.notes ?? '',
    version: 0,
    issued: [{ version: 0, fromStep: 0, acknowledged: [], acknowledgements: 0, refused: false }],
    silence: null,
    expirations: 0,
    lastCommand: null,
    learning: initialLearning(
      judged.ok ? judged.policy.initialState(config, judged.start) : null,
      policyStartOf(started).weights,
      guards,
    ),
    frozen: null,
    lastHold: null,
    quarantined: [],
    seen: { evaluations: [], checkpoints: [], requests: [], openings: id === undefined ? [] : [id] },
    pendingCheckpoints: [],
    counts: {},
    assembly: emptyAssembly(started.ranks, lateness),
  }
}

/** What a run has learned before its first mixture is decided: nothing. */
export function initialLearning(policyState: unknown, weights: readonly number[], guards: Guards): Learning {
  return {
    step: -1,
    policyState,
    weights,
    mixtures: [{ version: 0, weights }],
    evidence: emptyEvidence,
    since: { fromStep: -1, steps: 0, observations: 0, tokens: 0 },
    sinceAsked: 0,
    signalsSeen: [],
    ...(guards.repetitionCap !== undefined ? { tokensRead: weights.map(() => 0) } : {}),
  }
}

export function runStartedEvent(state: RunState): LedgerData<'RunStarted'> {
  const {
    run,
    project,
    attempt,
    domains,
    policy,
    guards,
    ranks,
    cadence,
    lateness,
    horizon,
    signals,
    evaluations,
    params,
    tags,
    notes,
    parent,
  } = state
  return {
    run,
    project,
    attempt,
    domains: [...domains],
    policy: { ...policy, config: policy.config as Record<string, unknown> },
    guards,
    ranks,
    cadence,
    lateness,
    ...(horizon === undefined ? {} : { horizon }),
    ...(signals === undefined ? {} : { signals: [...signals] }),
    ...(evaluations === undefined ? {} : { evaluations }),
    params: { ...params },
    tags: [...tags],
    notes,
    ...(parent === undefined ? {} : { parent }),
    weights: [...state.learning.weights],
    ...openedByOf(state),
    ...(state.rules === undefined ? {} : { rules: state.rules }),
  }
}
