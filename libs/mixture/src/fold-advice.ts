import { extendEvidence, type AdviceGiven } from '@mixdesk/contracts'
import type { AnyPolicy } from '@mixdesk/policies'
import { count, isRepeated, type RunState } from './run-state.js'

/** What somebody answered the policy: a fact for it and for the evidence. A second answer of one source to a step is a repetition. */
export function foldAdvice(state: RunState, policy: AnyPolicy, given: AdviceGiven): void {
  const { attempt, step, source, values, because } = given
  if (isRepeated(state, 'advice', `${attempt}:${step}:${source}`))
    return count(state.counts, 'duplicateAdvice')
  const { learning } = state
  const fact = {
    ...({ kind: 'advice', step, source, values } as const),
    ...(because === undefined ? {} : { because }),
  }
  state.learning = {
    ...learning,
    policyState: policy.evolve(state.policy.config, learning.policyState, fact),
    evidence: extendEvidence(learning.evidence, [[step], codesOf(source), values, codesOf(because ?? '')]),
  }
}

/** A text as numbers, which is what evidence is made of. */
const codesOf = (text: string): readonly number[] =>
  Array.from(text, (character) => character.codePointAt(0)!)
