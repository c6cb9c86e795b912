import { digestOf, extendEvidence, type EvaluationMeasured } from '@mixdesk/contracts'
import type { AnyPolicy } from '@mixdesk/policies'
import { count, isRepeated, type RunState } from './run-state.js'

/** Held-out losses or scores: a fact for the policy and for the evidence. The same content twice is a repetition. */
export function foldEvaluation(state: RunState, policy: AnyPolicy, evaluation: EvaluationMeasured): void {
  if (isRepeated(state, 'evaluations', digestOf(evaluation).slice(0, 16)))
    return count(state.counts, 'duplicateEvaluation')
  const { step, domains } = evaluation
  const loss = new Array<number | null>(state.domains.length).fill(null)
  evaluation.loss?.forEach((value, i) => {
    loss[domains === undefined ? i : domains[i]!] = value
  })
  const finite = Object.entries(evaluation.scores ?? {}).filter(
    (entry): entry is [string, number] => entry[1] !== null,
  )
  // In the order of their names: a score reported first is no other evidence than one reported last.
  finite.sort(([a], [b]) => (a < b ? -1 : 1))
  const { learning } = state
  const fact = { kind: 'evaluation', step, loss, scores: Object.fromEntries(finite) } as const
  state.learning = {
    ...learning,
    policyState: policy.evolve(state.policy.config, learning.policyState, fact),
    evidence: extendEvidence(learning.evidence, [
      [step],
      loss.map((value) => value ?? 0),
      loss.map((value) => Number(value !== null)),
      finite.map(([, score]) => score),
    ]),
  }
}
