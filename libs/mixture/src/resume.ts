import type { RunResumed } from '@mixdesk/contracts'
import type { AnyPolicy } from '@mixdesk/policies'
import { decideFirst } from './ask-policy.js'
import { decide } from './decide-mixture.js'
import { noEffects, type Effects } from './effects.js'
import { latestOf, supersededBy } from './issued.js'
import { MixtureError } from './mixture-error.js'
import { rulesOf } from './rules.js'
import { identityOf, openedByOf, type Learning, type RunState } from './run-state.js'
import { initialLearning, policyStartOf } from './start-run.js'

/** Learning that must be fetched before the run can go on: it resumes from a step that lies behind. */
export type LearningNeeded = {
  readonly run: string
  readonly step: number
  /** The attempt that begins: learning of this one or a later one is not meant. */
  readonly beforeAttempt: number
  /** Checkpoints of earlier attempts than this are of steps that a later attempt has lived again: don't use them. */
  readonly sinceAttempt: number
}

/** What must be fetched to fold a resume, or undefined when the state still holds it. */
export function needsLearning(state: RunState, resumed: RunResumed): LearningNeeded | undefined {
  const { step, attempt } = resumed
  if (isBeginning(step) || state.learning.step <= step) return undefined
  return { run: state.run, step, beforeAttempt: attempt, sinceAttempt: attemptOf(state, step) }
}

/** Resumed from before its first step, a run begins again. */
const isBeginning = (step: number) => step < 0

/** The attempt whose steps count at this one. */
function attemptOf(state: RunState, step: number): number {
  return state.attempts.findLast((one) => one.fromStep < step)?.attempt ?? state.attempts[0]!.attempt
}

/** A new attempt: everything learned after the step is forgotten, and the mixture of that step is issued again. */
export function foldResume(
  state: RunState,
  policy: AnyPolicy,
  { data: resumed, id }: { readonly data: RunResumed; readonly id?: string },
  provided: Learning | undefined,
  effects: Effects,
): void {
  const { attempt, step } = resumed
  const learning = isBeginning(step)
    ? learningAtStart(state, policy)
    : state.learning.step <= step
      ? state.learning
      : fitting(state, step, provided)
  // Attempts that began at this step or later are no part of what the new one rests on; bounded for restless runs.
  const kept = state.attempts.filter((one) => one.fromStep < step)
  state.attempts = [...kept.slice(1 - mostAttempts), { attempt, fromStep: step }]
  state.attempt = attempt
  delete state.openedBy
  if (id !== undefined) state.openedBy = id
  state.ranks = resumed.ranks ?? state.ranks
  state.status = 'running'
  state.pendingCheckpoints = state.pendingCheckpoints.filter((checkpoint) => checkpoint.step <= step)
  state.quarantined = []
  const controls = takeBack(state, learning)
  // Its ranks are other processes: none of them has acknowledged anything yet.
  state.issued = state.issued.map((one) => ({
    ...one,
    acknowledged: [],
    acknowledgements: 0,
    refused: false,
  }))
  state.silence = null
  state.expirations = 0
  effects.events.push({
    type: 'RunResumed',
    data: { ...identityOf(state), fromStep: step, ranks: state.ranks, ...openedByOf(state) },
  })
  const { weights } = learning
  const reasons = {
    summary: isBeginning(step)
      ? `Attempt ${attempt} begins again, with the mixture that the run began with.`
      : `Attempt ${attempt} goes on from step ${step} with the mixture of that step.`,
    parts: { resume: weights.map(() => 0) },
  }
  decide(state, policy, { weights, proposed: weights, reasons, bites: [], controls, reissue: true }, effects)
}

/**
 * What the run had learned right after its start. It follows from the settings, so that nothing is fetched; evaluations and
 * overrides of before the first step are undone with the rest, for a trainer that begins again evaluates again.
 */
function learningAtStart(state: RunState, policy: AnyPolicy): Learning {
  const { config } = state.policy
  const start = policyStartOf(state)
  const learning = initialLearning(policy.initialState(config, start), start.weights, state.guards)
  const begun: RunState = { ...state, version: 0, learning }
  decideFirst(begun, policy, noEffects())
  return begun.learning
}

/** What is learned is that of the step again. Returns the controls that the run had there. */
function takeBack(state: RunState, learning: Learning): Learning['controls'] {
  const superseded = supersededBy(learning.mixtures, state)
  if (rulesOf(state) < 2) {
    state.learning = { ...learning, mixtures: latestOf([...superseded, ...learning.mixtures]) }
    return undefined
  }
  if (superseded.length > 0) state.superseded = superseded
  state.learning = learning
  return learning.controls
}

/** Attempts remembered; beyond, checkpoints of long ago are not used and the history is. */
const mostAttempts = 64

function fitting(state: RunState, step: number, provided: Learning | undefined): Learning {
  const { run } = state
  if (provided === undefined)
    throw new MixtureError(
      'learningMissing',
      run,
      `The run ${run} resumes from step ${step}, but nobody provided what it had learned by then.`,
    )
  if (provided.step > step || provided.weights.length !== state.domains.length)
    throw new MixtureError(
      'learningUnfit',
      run,
      `The run ${run} resumes from step ${step} with ${state.domains.length} domains, but the learning provided is of step ${provided.step} with ${provided.weights.length}.`,
    )
  return provided
}
