import {
  defaultCadence,
  defaultLateness,
  digestOf,
  emptyEvidence,
  type LedgerData,
  type RunStarted,
} from '@mixdesk/contracts'
import { configure, findPolicy, policies, type AnyPolicy, type PolicyStart } from '@mixdesk/policies'
import { emptyAssembly } from './assembler.js'
import { checkGuards, renormalise, resolveGuards } from './guard-rails.js'
import type { Learning, RunState } from './run-state.js'

/** A run's beginning, judged: the same answer for whoever asks, HTTP, CLI or the log. */
export type Judged =
  | { readonly ok: true; readonly policy: AnyPolicy; readonly config: unknown; readonly start: PolicyStart }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Whether the run can be mixed as asked; every fault at once, in sentences. */
export function judgeStart(started: RunStarted): Judged {
  const start = policyStartOf(started)
  const guardProblems = checkGuards(
    started.guards ?? {},
    started.domains.map((domain) => domain.name),
  )
  const policy = findPolicy(started.policy.name)
  if (policy === undefined) {
    const known = policies.map((one) => one.name).join(', ')
    return {
      ok: false,
      problems: [`There is no policy "${started.policy.name}"; there are: ${known}.`, ...guardProblems],
    }
  }
  const configured = configure(policy, started.policy.config, start)
  const problems = [...(configured.ok ? [] : configured.problems), ...guardProblems]
  return configured.ok && problems.length === 0
    ? { ok: true, policy, config: configured.config, start }
    : { ok: false, problems }
}

export function policyStartOf(started: Pick<RunStarted, 'domains' | 'horizon'>): PolicyStart {
  const { domains, horizon } = started
  const weights = domains.every((domain) => domain.weight !== undefined)
    ? renormalise(domains.map((domain) => domain.weight!))
    : domains.map(() => 1 / domains.length)
  return { domains, weights, ...(horizon === undefined ? {} : { horizon }) }
}

/** State of a run right after its start: nothing folded, version 0. */
export function initialRunState(started: RunStarted, judged: Judged): RunState {
  const names = started.domains.map((domain) => domain.name)
  const cadence = started.cadence ?? defaultCadence
  const lateness = started.lateness ?? defaultLateness
  const config = judged.ok ? judged.config : (started.policy.config ?? {})
  const guards = judged.ok ? (started.guards ?? {}) : {}
  return {
    schema: 1,
    run: started.run,
    project: started.project,
    domains: started.domains,
    policy: {
      name: started.policy.name,
      version: judged.ok ? judged.policy.version : 0,
      config,
      configDigest: digestOf(config),
    },
    guards,
    rails: resolveGuards(guards, names, cadence),
    cadence,
    lateness,
    ...(started.horizon === undefined ? {} : { horizon: started.horizon }),
    startDigest: digestOf(started),
    ...(started.parent === undefined ? {} : { parent: started.parent }),
    status: judged.ok ? 'running' : 'refused',
    problems: judged.ok ? [] : judged.problems,
    attempt: 1,
    attempts: [{ attempt: 1, fromStep: -1 }],
    ranks: started.ranks,
    params: started.params ?? {},
    tags: started.tags ?? [],
    notes: started.notes ?? '',
    version: 0,
    issued: [{ version: 0, fromStep: 0, acknowledged: [], acknowledgements: 0, refused: false }],
    silence: null,
    expirations: 0,
    lastCommand: null,
    learning: initialLearning(judged, policyStartOf(started).weights),
    frozen: null,
    lastHold: null,
    quarantined: [],
    seen: { evaluations: [], checkpoints: [], requests: [] },
    pendingCheckpoints: [],
    counts: {},
    assembly: emptyAssembly(started.ranks, lateness),
  }
}

function initialLearning(judged: Judged, weights: readonly number[]): Learning {
  return {
    step: -1,
    policyState: judged.ok ? judged.policy.initialState(judged.config, judged.start) : null,
    weights,
    mixtures: [{ version: 0, weights }],
    evidence: emptyEvidence,
    since: { fromStep: -1, steps: 0, observations: 0, tokens: 0 },
    sinceAsked: 0,
    signalsSeen: [],
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
    params: { ...params },
    tags: [...tags],
    notes,
    ...(parent === undefined ? {} : { parent }),
    weights: [...state.learning.weights],
  }
}
