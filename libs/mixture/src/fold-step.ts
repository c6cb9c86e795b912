import { extendEvidence } from '@mixdesk/contracts'
import type { AnyPolicy, StepFact } from '@mixdesk/policies'
import { expireUnacknowledged } from './acknowledgements.js'
import { askPolicy } from './decide-mixture.js'
import type { Effects } from './effects.js'
import type { MergedStep } from './merge-step.js'
import { count, type RunState } from './run-state.js'
import { mixtureInForce } from './issued.js'

/** Folds a closed step: evidence, the policy's state, and at the run's cadence the question what to do next. */
export function foldStep(state: RunState, policy: AnyPolicy, merged: MergedStep, effects: Effects, asks: boolean): void {
  const inForce = mixtureInForce(state, merged.mixtureVersion)
  const fact: StepFact = {
    kind: 'step',
    step: merged.step,
    present: merged.present,
    tokens: merged.tokens,
    lossSum: merged.lossSum,
    ...(merged.sequences === undefined ? {} : { sequences: merged.sequences }),
    signals: merged.signals,
    inForce,
  }
  keepCheckpointsBefore(state, merged.step, effects)
  const { learning } = state
  state.learning = {
    step: merged.step,
    policyState: policy.evolve(state.policy.config, learning.policyState, fact),
    weights: learning.weights,
    evidence: extendEvidence(learning.evidence, evidenceOf(merged, inForce)),
    since: {
      fromStep: learning.since.steps === 0 ? merged.step : learning.since.fromStep,
      steps: learning.since.steps + 1,
      observations: learning.since.observations + merged.observations,
      tokens: learning.since.tokens + merged.tokens.reduce((sum, tokens) => sum + tokens, 0),
    },
    sinceAsked: learning.sinceAsked + 1,
    signalsSeen: withSignals(learning.signalsSeen, merged.signals),
  }
  noteQuarantine(state, merged, effects)
  expireUnacknowledged(state, effects)
  if (asks && state.learning.sinceAsked >= state.cadence) askPolicy(state, policy, effects)
}

/** Writes the checkpoints whose step is complete: what is learned now is what was learned at the end of that step. */
export function keepCheckpointsBefore(state: RunState, nextStep: number, effects: Effects): void {
  if (state.pendingCheckpoints.length === 0) return
  const due = state.pendingCheckpoints.filter((checkpoint) => checkpoint.step < nextStep)
  if (due.length === 0) return
  state.pendingCheckpoints = state.pendingCheckpoints.filter((checkpoint) => checkpoint.step >= nextStep)
  for (const checkpoint of due) effects.checkpoints.push({ ...checkpoint, learning: state.learning })
}

function evidenceOf(merged: MergedStep, inForce: readonly number[]): (readonly number[])[] {
  const arrays: (readonly number[])[] = [[merged.step, merged.observations], merged.present.map(Number), merged.tokens, merged.lossSum, inForce]
  if (merged.sequences !== undefined) arrays.push(merged.sequences)
  for (const name of Object.keys(merged.signals)) arrays.push(merged.signals[name]!)
  return arrays
}

function withSignals(seen: readonly string[], signals: { readonly [name: string]: unknown }): readonly string[] {
  let all = seen
  for (const name in signals) if (!all.includes(name)) all = [...all, name]
  return all
}

function noteQuarantine(state: RunState, merged: MergedStep, effects: Effects): void {
  if (merged.quarantined.length === 0 && state.quarantined.length === 0) return
  for (const domain of merged.quarantined) {
    count(state.counts, 'quarantined')
    if (state.quarantined.includes(domain)) continue
    const name = state.domains[domain]!.name
    effects.events.push({
      type: 'DomainQuarantined',
      data: { run: state.run, project: state.project, attempt: state.attempt, step: merged.step, domain: name, because: `A rank reported a number for "${name}" that was not finite; the step counts without this domain.` },
    })
  }
  state.quarantined = merged.quarantined
}
