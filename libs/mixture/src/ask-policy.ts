import type { GuardBite } from '@mixdesk/contracts'
import type { AnyPolicy, Proposal } from '@mixdesk/policies'
import { decide, policyUsed } from './decide-mixture.js'
import type { Effects } from './effects.js'
import { applyGuards, simplexFault } from './guard-rails.js'
import { identityOf, type RunState } from './run-state.js'

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
    const because =
      bites.length === 0
        ? 'The policy proposes the mixture the run has already.'
        : 'The guard rails leave the mixture as it is.'
    return hold(state, because, bites, effects)
  }
  decide(
    state,
    policy,
    { weights, proposed: proposal.weights, reasons: proposal.because, bites, controls: proposal.controls },
    effects,
  )
}

/** The mixture of version 1: every run gets one, so that a trainer never has to guess. */
export function decideFirst(state: RunState, policy: AnyPolicy, effects: Effects): void {
  const current = state.learning.weights
  const proposal: Proposal = policy.decide(state.policy.config, state.learning.policyState, current)
  const reweighs = proposal.kind === 'reweigh' && simplexFault(proposal.weights, current.length) === undefined
  const proposed = reweighs ? proposal.weights : current
  const reasons = reweighs
    ? proposal.because
    : {
        summary:
          `The run starts with the mixture it declared. ${proposal.kind === 'hold' ? proposal.because : ''}`.trim(),
        parts: { start: current.map(() => 0) },
      }
  const controls = reweighs ? proposal.controls : undefined
  // Nothing to move slowly from yet: only the box of floors and ceilings holds here.
  const { weights, bites } = applyGuards(proposed, current, { ...state.rails, largestChange: 2 })
  decide(state, policy, { weights, proposed, reasons, bites, controls }, effects)
}

function holdBeforeAsking(
  state: RunState,
  policy: AnyPolicy,
): { because: string; bites: readonly GuardBite[] } | undefined {
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
  if (missing.length > 0)
    return {
      because: `${policy.name} needs the signal ${missing.join(', ')}, which no step has carried; send it in losses.measured.`,
      bites: [],
    }
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
