import { extendEvidence } from '@mixdesk/contracts'
import type { AnyPolicy, StepFact } from '@mixdesk/policies'
import { expireUnacknowledged } from './acknowledgements.js'
import { keepCheckpointsBefore } from './checkpoints.js'
import { askPolicy } from './ask-policy.js'
import type { Effects } from './effects.js'
import { forgetSuperseded, mixtureInForce, withoutUnused } from './issued.js'
import type { MergedStep } from './merge-step.js'
import { count, identityOf, type RunState } from './run-state.js'

/**
 * Folds a closed step: evidence, the policy's state, and at the run's cadence the question what to do next. `inForce` is
 * given where a replay knows better than the state under which mixture the step was sampled.
 */
export function foldStep(
  state: RunState,
  policy: AnyPolicy,
  merged: MergedStep,
  asks: boolean,
  effects: Effects,
  inForce: readonly number[] = mixtureInForce(state, merged.mixtureVersion),
): void {
  const { step, present, tokens, lossSum, sequences, signals } = merged
  const counted = sequences === undefined ? {} : { sequences }
  const fact: StepFact = { kind: 'step', step, present, tokens, lossSum, ...counted, signals, inForce }
  keepCheckpointsBefore(state, step, effects)
  forgetSuperseded(state, merged.mixtureVersion)
  const { learning } = state
  const { since } = learning
  state.learning = {
    step,
    policyState: policy.evolve(state.policy.config, learning.policyState, fact),
    weights: learning.weights,
    ...(learning.controls === undefined ? {} : { controls: learning.controls }),
    mixtures: withoutUnused(learning.mixtures, merged.mixtureVersion),
    evidence: extendEvidence(learning.evidence, evidenceOf(merged, inForce)),
    since: {
      fromStep: since.steps === 0 ? step : since.fromStep,
      steps: since.steps + 1,
      observations: since.observations + merged.observations,
      tokens: since.tokens + total(tokens),
    },
    sinceAsked: learning.sinceAsked + 1,
    signalsSeen: withSignals(learning.signalsSeen, policy.signals(state.policy.config), signals),
    ...(learning.tokensRead === undefined
      ? {}
      : { tokensRead: learning.tokensRead.map((before, i) => before + merged.tokensRead[i]!) }),
  }
  noteQuarantine(state, merged, effects)
  expireUnacknowledged(state, effects)
  if (asks && state.learning.sinceAsked >= state.cadence) askPolicy(state, policy, effects)
}

function evidenceOf(merged: MergedStep, inForce: readonly number[]): (readonly number[])[] {
  const { step, observations, present, tokens, lossSum, sequences, signals } = merged
  const arrays = [[step, observations], present.map(Number), tokens, lossSum, inForce]
  if (sequences !== undefined) arrays.push(sequences)
  for (const name in signals) arrays.push(signals[name]!)
  return arrays
}

/** Only what the policy needs is remembered: trainers may name a new signal every step. */
function withSignals(
  seen: readonly string[],
  needed: readonly string[],
  came: MergedStep['signals'],
): readonly string[] {
  if (seen.length >= needed.length) return seen
  return needed.filter((name) => seen.includes(name) || Object.hasOwn(came, name))
}

function noteQuarantine(state: RunState, merged: MergedStep, effects: Effects): void {
  if (merged.quarantined.length === 0 && state.quarantined.length === 0) return
  for (const index of merged.quarantined) {
    count(state.counts, 'quarantined')
    if (state.quarantined.includes(index)) continue
    const domain = state.domains[index]!.name
    const because = `A rank reported a number for "${domain}" that was not finite; the step counts without this domain.`
    effects.events.push({
      type: 'DomainQuarantined',
      data: { ...identityOf(state), step: merged.step, domain, because },
    })
  }
  state.quarantined = merged.quarantined
}

function total(tokens: readonly number[]): number {
  let all = 0
  for (const some of tokens) all += some
  return all
}
