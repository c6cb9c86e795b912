import type { GuardBite } from '@mixdesk/contracts'
import type { AnyPolicy, Controls, Proposal } from '@mixdesk/policies'
import { decide, policyUsed, type Chosen } from './decide-mixture.js'
import type { Effects } from './effects.js'
import { applyGuards, impossibility, isOverCap, simplexFault, type Guarded } from './guard-rails.js'
import { identityOf, type RunState } from './run-state.js'

/** Asks the policy, applies the guard rails, and writes down the decision or why there is none. */
export function askPolicy(state: RunState, policy: AnyPolicy, effects: Effects): void {
  state.learning = { ...state.learning, sinceAsked: 0 }
  const held = holdBeforeAsking(state)
  if (held !== undefined) return hold(state, held.because, held.bites, effects)

  const { proposal, bites: asked } = proposalOf(state, policy)
  const { weights: current, tokensRead } = state.learning
  if (proposal.kind === 'reweigh') return reweigh(state, policy, proposal, effects)
  if (isOverCap(current, state.rails, tokensRead)) return moveByCap(state, policy, proposal, asked, effects)
  if (proposal.kind === 'hold') return hold(state, proposal.because, asked, effects)
  if (hasControls(state, proposal.controls))
    return hold(state, 'The policy asks for the controls the run has already.', [], effects)
  const { controls, because: reasons } = proposal
  decide(state, policy, { weights: current, proposed: current, reasons, bites: [], controls }, effects)
}

type Reweigh = Extract<Proposal, { kind: 'reweigh' }>
type Asked = { readonly proposal: Proposal; readonly bites: readonly GuardBite[] }

/** What the policy says; a hold where it can't say anything, or nothing that could be used. */
function proposalOf(state: RunState, policy: AnyPolicy): Asked {
  const { config } = state.policy
  const { weights, policyState, signalsSeen } = state.learning
  const missing = policy.signals(config).filter((name) => !signalsSeen.includes(name))
  if (missing.length > 0) {
    const because = `${policy.name} needs the signal ${missing.join(', ')}, which no step has carried; send it in losses.measured.`
    return { proposal: { kind: 'hold', because }, bites: [] }
  }
  const proposal: Proposal = policy.decide(config, policyState, weights)
  const fault = proposal.kind === 'reweigh' ? simplexFault(proposal.weights, weights.length) : undefined
  if (fault === undefined) return { proposal, bites: [] }
  const because = `${policy.name} proposed something that is no mixture (${fault}); the mixture stays as it is.`
  return { proposal: { kind: 'hold', because }, bites: [{ guard: 'quarantine', because }] }
}

function reweigh(state: RunState, policy: AnyPolicy, proposal: Reweigh, effects: Effects): void {
  const { weights, bites } = guarded(state, proposal.weights)
  const { controls, because: reasons } = proposal
  const isNew = weights.some((weight, i) => weight !== state.learning.weights[i])
  // Where controls are half of what the policy decides, they are news though the guard rails leave the mixture.
  const steers = controls !== undefined && policy.output === 'weights and controls'
  if (isNew || (steers && !hasControls(state, controls)))
    return decide(state, policy, { weights, proposed: proposal.weights, reasons, bites, controls }, effects)
  const because =
    bites.length === 0
      ? 'The policy proposes the mixture the run has already.'
      : 'The guard rails leave the mixture as it is.'
  hold(state, because, bites, effects)
}

/** The policy leaves the mixture, but gives a domain more than is left to read of it: it moves all the same. */
function moveByCap(
  state: RunState,
  policy: AnyPolicy,
  proposal: Exclude<Proposal, Reweigh>,
  asked: readonly GuardBite[],
  effects: Effects,
): void {
  const proposed = state.learning.weights
  const { weights, bites } = guarded(state, proposed)
  const steers = proposal.kind === 'steer'
  const reasons: Chosen['reasons'] = steers
    ? proposal.because
    : { summary: `Moved by the repetition cap. ${proposal.because}`, parts: {} }
  // A command is the whole desired state: a policy that holds still wants the controls it asked for last.
  const controls = steers ? proposal.controls : state.lastCommand?.controls
  decide(state, policy, { weights, proposed, reasons, bites: [...asked, ...bites], controls }, effects)
}

const guarded = (state: RunState, proposed: readonly number[], rails = state.rails): Guarded =>
  applyGuards(proposed, state.learning.weights, rails, {
    domains: state.domains,
    tokensRead: state.learning.tokensRead,
  })

const hasControls = ({ lastCommand }: RunState, controls: Controls): boolean =>
  JSON.stringify(controls) === JSON.stringify(lastCommand?.controls)

/** The mixture of version 1: every run gets one, so that a trainer never has to guess. */
export function decideFirst(state: RunState, policy: AnyPolicy, effects: Effects): void {
  const current = state.learning.weights
  const proposal: Proposal = policy.decide(state.policy.config, state.learning.policyState, current)
  const reweighs = proposal.kind === 'reweigh' && simplexFault(proposal.weights, current.length) === undefined
  const proposed = reweighs ? proposal.weights : current
  const speaks = reweighs || proposal.kind === 'steer'
  const reasons = speaks
    ? proposal.because
    : {
        summary:
          `The run starts with the mixture it declared. ${proposal.kind === 'hold' ? proposal.because : ''}`.trim(),
        parts: { start: current.map(() => 0) },
      }
  const controls = speaks ? proposal.controls : undefined
  // Nothing to move slowly from yet: only what says where the mixture may lie holds here.
  const { largestChangeByDomain: _, ...rails } = state.rails
  const { weights, bites } = guarded(state, proposed, { ...rails, largestChange: 2 })
  decide(state, policy, { weights, proposed, reasons, bites, controls }, effects)
}

function holdBeforeAsking({
  frozen,
  rails,
  learning,
}: RunState): { because: string; bites: readonly GuardBite[] } | undefined {
  if (frozen !== null) {
    const because = `Frozen by ${frozen.by}${frozen.because === '' ? '' : `: ${frozen.because}`}`
    return { because, bites: [{ guard: 'frozen', because }] }
  }
  if (learning.since.steps < rails.minimumSteps || learning.since.tokens < rails.minimumTokens) {
    const because = `Less evidence than the guard rail asks for (${rails.minimumSteps} steps and ${rails.minimumTokens} tokens since the last decision).`
    return { because, bites: [{ guard: 'minimumEvidence', because }] }
  }
  const impossible = impossibility(rails, learning.tokensRead)
  if (impossible !== undefined)
    return { because: impossible, bites: [{ guard: 'repetitionCap', because: impossible }] }
  return undefined
}

function hold(state: RunState, because: string, bites: readonly GuardBite[], effects: Effects): void {
  if (state.lastHold === because) return
  state.lastHold = because
  effects.events.push({
    type: 'MixtureHeld',
    data: {
      ...identityOf(state),
      step: state.learning.step,
      version: state.version,
      because,
      guards: [...bites],
      policy: policyUsed(state),
    },
  })
}
