import { decisionIdOf, digestOf, evidenceHex, type GuardBite, type LedgerData, type MixtureSet } from '@mixdesk/contracts'
import type { AnyPolicy, Proposal } from '@mixdesk/policies'
import type { Effects } from './effects.js'
import { applyGuards, simplexFault } from './guard-rails.js'
import type { RunState } from './run-state.js'

const identityOf = ({ run, project, attempt }: RunState) => ({ run, project, attempt })
const policyUsed = ({ policy: { name, version, configDigest } }: RunState) => ({ name, version, configDigest })

/** Asks the policy, applies the guard rails, and writes down the decision or why there is none. */
export function askPolicy(state: RunState, policy: AnyPolicy, effects: Effects): void {
  state.learning = { ...state.learning, sinceAsked: 0 }
  const held = holdBeforeAsking(state, policy)
  if (held !== undefined) return hold(state, held.because, held.bites, effects)

  const current = state.learning.weights
  const proposal: Proposal = policy.decide(state.policy.config, state.learning.policyState, current)
  if (proposal.kind === 'hold') return hold(state, proposal.because, [], effects)
  const fault = simplexFault(proposal.weights, current.length)
  if (fault !== undefined) {
    const because = `${policy.name} proposed something that is no mixture (${fault}); the mixture stays as it is.`
    return hold(state, because, [{ guard: 'quarantine', because }], effects)
  }
  const { weights, bites } = applyGuards(proposal.weights, current, state.rails)
  if (weights.every((weight, i) => weight === current[i])) {
    const because = bites.length === 0 ? 'The policy proposes the mixture the run has already.' : 'The guard rails leave the mixture as it is.'
    return hold(state, because, bites, effects)
  }
  decide(state, policy, { weights, proposed: proposal.weights, reasons: proposal.because, bites, controls: proposal.controls }, effects)
}

/** The mixture of version 1: every run gets one, so that a trainer never has to guess. */
export function decideFirst(state: RunState, policy: AnyPolicy, effects: Effects): void {
  const current = state.learning.weights
  const proposal: Proposal = policy.decide(state.policy.config, state.learning.policyState, current)
  const reweighs = proposal.kind === 'reweigh' && simplexFault(proposal.weights, current.length) === undefined
  const proposed = reweighs ? proposal.weights : current
  const reasons = reweighs ? proposal.because : { summary: `The run starts with the mixture it declared. ${proposal.kind === 'hold' ? proposal.because : ''}`.trim(), parts: { start: current.map(() => 0) } }
  const controls = reweighs ? proposal.controls : undefined
  // Nothing to move slowly from yet: only the box of floors and ceilings holds here.
  const { weights, bites } = applyGuards(proposed, current, { ...state.rails, largestChange: 2 })
  decide(state, policy, { weights, proposed, reasons, bites, controls }, effects)
}

export type Chosen = {
  readonly weights: readonly number[]
  readonly proposed: readonly number[]
  readonly reasons: { readonly summary: string; readonly parts: { readonly [term: string]: readonly number[] } }
  readonly bites: readonly GuardBite[]
  readonly controls?: { readonly [name: string]: unknown } | undefined
  /** A resumed run issues the mixture it had: nothing was decided, so evidence and policy go on as if nothing had happened. */
  readonly reissue?: boolean
}

/** Makes a mixture the run's next version: a fact for the ledger and a command for the trainer. */
export function decide(state: RunState, policy: AnyPolicy, chosen: Chosen, effects: Effects): void {
  const { learning } = state
  const version = state.version + 1
  const fromStep = learning.step + 1
  const used = policyUsed(state)
  const decisionId = decisionIdOf(state.run, state.attempt, learning.step, used.name, version)
  const { controls } = chosen
  const decided: LedgerData<'MixtureDecided'> = {
    ...identityOf(state),
    decisionId,
    version,
    step: learning.step,
    fromStep,
    weights: [...chosen.weights],
    proposed: [...chosen.proposed],
    previous: [...learning.weights],
    meaning: policy.meaning,
    ...(controls === undefined ? {} : { controls: { ...controls } }),
    policy: used,
    because: { summary: chosen.reasons.summary, parts: mutableParts(chosen.reasons.parts) },
    guards: [...chosen.bites],
    evidence: { ...learning.since, toStep: learning.since.steps > 0 ? learning.step : -1, digest: evidenceHex(learning.evidence) },
    stateDigest: digestOf(learning.policyState),
  }
  effects.events.push({ type: 'MixtureDecided', data: decided })
  const command = commandOf(state, decided)
  effects.commands.push({ ...command, domains: namesOf(state) })
  state.lastCommand = command
  state.version = version
  state.issued = [...state.issued, { version, fromStep, weights: chosen.weights, acknowledged: [], acknowledgements: 0, expired: false }]
  state.lastHold = null
  if (chosen.reissue === true) return
  state.learning = {
    ...learning,
    policyState: policy.evolve(state.policy.config, learning.policyState, { kind: 'mixture', step: learning.step, weights: chosen.weights }),
    weights: chosen.weights,
    since: { fromStep: -1, steps: 0, observations: 0, tokens: 0 },
  }
}

/** Sends the newest mixture once more: it is the whole desired state, so the second time is harmless. */
export function resend(state: RunState, effects: Effects): void {
  if (state.lastCommand !== null) effects.commands.push({ ...state.lastCommand, domains: namesOf(state) })
}

const namesOf = (state: RunState): string[] => state.domains.map((domain) => domain.name)

/** The whole desired state, for the trainer; the domains' names are added when it is sent. */
function commandOf(state: RunState, decided: LedgerData<'MixtureDecided'>): Omit<MixtureSet, 'domains'> {
  return {
    run: state.run,
    attempt: state.attempt,
    version: decided.version,
    fromStep: decided.fromStep,
    weights: decided.weights,
    meaning: decided.meaning,
    ...(decided.controls === undefined ? {} : { controls: decided.controls }),
    lifecycle: 'train',
    decidedAtStep: decided.step,
    policy: { name: decided.policy.name, version: decided.policy.version },
    decisionId: decided.decisionId,
    because: decided.because.summary,
  }
}

function holdBeforeAsking(state: RunState, policy: AnyPolicy): { because: string; bites: readonly GuardBite[] } | undefined {
  const { frozen, rails, learning } = state
  if (frozen !== null) {
    const because = `Frozen by ${frozen.by}${frozen.because === '' ? '' : `: ${frozen.because}`}`
    return { because, bites: [{ guard: 'frozen', because }] }
  }
  if (learning.since.steps < rails.minimumSteps || learning.since.tokens < rails.minimumTokens) {
    const because = `Less evidence than the guard rail asks for (${rails.minimumSteps} steps and ${rails.minimumTokens} tokens since the last decision).`
    return { because, bites: [{ guard: 'minimumEvidence', because }] }
  }
  const missing = policy.signals(state.policy.config).filter((name) => !learning.signalsSeen.includes(name))
  if (missing.length > 0) return { because: `${policy.name} needs the signal ${missing.join(', ')}, which no step has carried; send it in losses.measured.`, bites: [] }
  return undefined
}

function hold(state: RunState, because: string, bites: readonly GuardBite[], effects: Effects): void {
  if (state.lastHold === because) return
  state.lastHold = because
  effects.events.push({
    type: 'MixtureHeld',
    data: { ...identityOf(state), step: state.learning.step, version: state.version, because, guards: [...bites], policy: policyUsed(state) },
  })
}

const mutableParts = (parts: { readonly [term: string]: readonly number[] }): Record<string, number[]> =>
  Object.fromEntries(Object.entries(parts).map(([term, values]) => [term, [...values]]))
