import { digestOf, extendEvidence, type EvaluationMeasured, type LedgerEvent, type RunResumed } from '@mixdesk/contracts'
import type { AnyPolicy } from '@mixdesk/policies'
import { acknowledge, noteRefusal } from './acknowledgements.js'
import { decide, decideFirst } from './decide-mixture.js'
import type { Effects } from './effects.js'
import { foldStep, keepCheckpointsBefore } from './fold-step.js'
import type { MergedStep } from './merge-step.js'
import { foldRequest } from './requests.js'
import type { LearningNeeded } from './run-desk.js'
import type { RunMessage } from './run-message.js'
import { count, remember, type Learning, type RunState } from './run-state.js'
import { runStartedEvent } from './start-run.js'

/** What waits to be folded, in log order. `asks`: whether this step may lead to a decision. */
export type InboxEntry = { readonly kind: 'step'; readonly step: MergedStep; readonly asks: boolean } | { readonly kind: 'message'; readonly message: RunMessage }

/** Folds one entry into the state, and its consequences into the effects. `policy` is undefined for a refused run. */
export function foldEntry(state: RunState, policy: AnyPolicy | undefined, entry: InboxEntry, provided: Learning | undefined, effects: Effects): void {
  if (policy === undefined) return foldRefused(state, entry, effects)
  if (entry.kind === 'step') return foldStep(state, policy, entry.step, effects, entry.asks)
  const { message } = entry
  const identity = { run: state.run, project: state.project, attempt: state.attempt }
  switch (message.name) {
    case 'run.started':
      effects.events.push({ type: 'RunStarted', data: runStartedEvent(state) })
      return decideFirst(state, policy, effects)
    case 'evaluation.measured':
      return foldEvaluation(state, policy, message.data)
    case 'mixture.applied':
      return note(message, acknowledge(state, message.data), effects)
    case 'mixture.refused':
      return note(message, noteRefusal(state, message.data), effects)
    case 'checkpoint.saved': {
      const { step, uri } = message.data
      const key = `checkpoint:${message.data.attempt}:${step}`
      if (message.data.attempt !== state.attempt) return count(state.counts, 'staleAttempt')
      if (state.seen.includes(key)) return count(state.counts, 'duplicateCheckpoint')
      state.seen = remember(state.seen, key)
      const place = uri === undefined ? { step } : { step, uri }
      effects.events.push({ type: 'CheckpointSaved', data: { ...identity, ...place } })
      // A step that has been left behind cannot be caught any more; a resume from it goes through the history.
      if (state.learning.step <= step) state.pendingCheckpoints = [...state.pendingCheckpoints, { ...place, attempt: state.attempt }]
      return keepCheckpointsBefore(state, state.learning.step === step ? step + 1 : 0, effects)
    }
    case 'run.resumed':
      return foldResume(state, policy, message.data, provided, effects)
    case 'run.finished': {
      const { step, status, because } = message.data
      keepCheckpointsBefore(state, Infinity, effects)
      state.status = status
      effects.events.push({ type: 'RunFinished', data: { ...identity, step, status, ...(because === undefined ? {} : { because }) } })
      return
    }
    case 'run.annotated': {
      const { params, tags, notes } = message.data
      state.params = { ...state.params, ...params }
      state.tags = tags ?? state.tags
      state.notes = notes ?? state.notes
      effects.events.push({ type: 'RunAnnotated', data: { ...identity, params: { ...state.params }, tags: [...state.tags], notes: state.notes } })
      return
    }
    case 'freeze.requested':
    case 'thaw.requested':
    case 'override.requested':
      return foldRequest(state, policy, message, effects)
    case 'losses.measured':
    case 'metrics.logged':
      throw new Error(`${message.name} is never queued: losses go through the assembler, metrics to the history.`)
  }
}

function foldRefused(state: RunState, entry: InboxEntry, effects: Effects): void {
  if (entry.kind !== 'message' || entry.message.name !== 'run.started') return count(state.counts, 'afterEnd')
  const { run, project, attempt, ranks, problems } = state
  const { domains, policy } = entry.message.data
  effects.events.push({ type: 'RunRefused', data: { run, project, attempt, domains, policy, ranks, problems: [...problems] } })
  effects.rejections.push({ offset: entry.message.offset, because: `run.started: the run "${run}" cannot be mixed as asked. ${problems.join(' ')}` })
}

function note(message: RunMessage, noted: { readonly event?: LedgerEvent; readonly because?: string }, effects: Effects): void {
  if (noted.event !== undefined) effects.events.push(noted.event)
  if (noted.because !== undefined) effects.rejections.push({ offset: message.offset, because: noted.because })
}

function foldEvaluation(state: RunState, policy: AnyPolicy, evaluation: EvaluationMeasured): void {
  if (evaluation.attempt !== state.attempt) return count(state.counts, 'staleAttempt')
  const key = `evaluation:${digestOf(evaluation).slice(0, 16)}`
  if (state.seen.includes(key)) return count(state.counts, 'duplicateEvaluation')
  state.seen = remember(state.seen, key)
  const loss = new Array<number | null>(state.domains.length).fill(null)
  evaluation.loss?.forEach((value, i) => {
    loss[evaluation.domains === undefined ? i : evaluation.domains[i]!] = value
  })
  const scores = Object.fromEntries(Object.entries(evaluation.scores ?? {}).filter((entry): entry is [string, number] => entry[1] !== null))
  const { learning } = state
  state.learning = {
    ...learning,
    policyState: policy.evolve(state.policy.config, learning.policyState, { kind: 'evaluation', step: evaluation.step, loss, scores }),
    evidence: extendEvidence(learning.evidence, [[evaluation.step], loss.map((value) => value ?? 0), loss.map((value) => Number(value !== null)), Object.keys(scores).sort().map((task) => scores[task]!)]),
  }
}

/** Whether folding this entry needs learning that the state no longer holds. */
export function needsLearning(state: RunState, entry: InboxEntry): LearningNeeded | undefined {
  if (entry.kind !== 'message' || entry.message.name !== 'run.resumed') return undefined
  const { step, attempt } = entry.message.data
  return state.learning.step <= step ? undefined : { run: state.run, step, beforeAttempt: attempt }
}

/** A new attempt: everything learned after the step is forgotten, and the mixture of that step is issued again. */
function foldResume(state: RunState, policy: AnyPolicy, resumed: RunResumed, provided: Learning | undefined, effects: Effects): void {
  const learning = state.learning.step <= resumed.step ? state.learning : provided
  if (learning === undefined) throw new Error(`The run ${state.run} resumes from step ${resumed.step}, but nobody provided what it had learned by then.`)
  state.attempt = resumed.attempt
  state.ranks = resumed.ranks ?? state.ranks
  state.status = 'running'
  state.pendingCheckpoints = state.pendingCheckpoints.filter((checkpoint) => checkpoint.step <= resumed.step)
  state.quarantined = []
  state.learning = learning
  effects.events.push({ type: 'RunResumed', data: { run: state.run, project: state.project, attempt: state.attempt, fromStep: resumed.step, ranks: state.ranks } })
  const { weights } = learning
  const reasons = { summary: `Attempt ${resumed.attempt} goes on from step ${resumed.step} with the mixture of that step.`, parts: { resume: weights.map(() => 0) } }
  decide(state, policy, { weights, proposed: weights, reasons, bites: [], reissue: true }, effects)
}

