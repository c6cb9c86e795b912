import type { CheckpointSaved } from '@mixdesk/contracts'
import type { Effects } from './effects.js'
import { count, identityOf, isRepeated, type RunState } from './run-state.js'

/** A trainer that announces checkpoints of steps that never come must not make the state grow. */
const mostPending = 64

/**
 * The trainer can come back to this step. What is learned at its end is written when the first later step is folded, not
 * now: evaluations and overrides in between belong to it, and so a checkpoint, a refold of the history and a replay
 * agree, however early or late the checkpoint was announced.
 */
export function noteCheckpoint(state: RunState, saved: CheckpointSaved, effects: Effects): void {
  const { step, uri, attempt } = saved
  if (isRepeated(state, 'checkpoints', `${attempt}:${step}`))
    return count(state.counts, 'duplicateCheckpoint')
  const place = uri === undefined ? { step } : { step, uri }
  effects.events.push({ type: 'CheckpointSaved', data: { ...identityOf(state), ...place } })
  // A step left behind cannot be caught any more; a resume from it goes through the history.
  const resumedFrom = state.attempts[state.attempts.length - 1]!.fromStep
  if (state.learning.step > step || step <= resumedFrom) return
  state.pendingCheckpoints = [...state.pendingCheckpoints.slice(1 - mostPending), { ...place, attempt }]
}

/** Writes the checkpoints whose step is complete: what is learned now is what was learned at the end of that step. */
export function keepCheckpointsBefore(state: RunState, nextStep: number, effects: Effects): void {
  if (state.pendingCheckpoints.length === 0) return
  const due = state.pendingCheckpoints.filter((checkpoint) => checkpoint.step < nextStep)
  if (due.length === 0) return
  state.pendingCheckpoints = state.pendingCheckpoints.filter((checkpoint) => checkpoint.step >= nextStep)
  for (const checkpoint of due) effects.checkpoints.push({ ...checkpoint, learning: state.learning })
}
