import type { RunFinished } from '@mixdesk/contracts'
import type { AnyPolicy } from '@mixdesk/policies'
import { acknowledge, noteRefusal, type Noted } from './acknowledgements.js'
import { annotate } from './annotate.js'
import { noteCheckpoint } from './checkpoints.js'
import { decideFirst } from './ask-policy.js'
import type { Effects } from './effects.js'
import { foldAdvice } from './fold-advice.js'
import { foldEvaluation } from './fold-evaluation.js'
import type { MergedStep } from './merge-step.js'
import { foldRequest } from './requests.js'
import { foldResume } from './resume.js'
import type { RunMessage } from './run-message.js'
import { count, identityOf, type Learning, type RunState } from './run-state.js'
import type { RefusedOpening } from './refused-opening.js'
import { runStartedEvent } from './start-run.js'

/** What waits to be folded, in log order. `asks`: whether this step may lead to a decision. */
export type InboxEntry =
  | { readonly kind: 'step'; readonly step: MergedStep; readonly asks: boolean }
  | { readonly kind: 'message'; readonly message: RunMessage }
  | RefusedOpening

/** Folds one message into the state, and its consequences into the effects. Its attempt is the current one: see intake. */
export function foldMessage(
  state: RunState,
  policy: AnyPolicy,
  message: RunMessage,
  provided: Learning | undefined,
  effects: Effects,
): void {
  const note = ({ event, because }: Noted) => {
    if (event !== undefined) effects.events.push(event)
    if (because !== undefined) effects.rejections.push({ offset: message.offset, because })
  }
  switch (message.name) {
    case 'run.started':
      effects.events.push({ type: 'RunStarted', data: runStartedEvent(state) })
      return decideFirst(state, policy, effects)
    case 'evaluation.measured':
      return foldEvaluation(state, policy, message.data)
    case 'advice.given':
      return foldAdvice(state, policy, message.data)
    case 'mixture.applied':
      return note(acknowledge(state, message.data))
    case 'mixture.refused':
      return note(noteRefusal(state, message.data))
    case 'checkpoint.saved':
      return noteCheckpoint(state, message.data, effects)
    case 'run.resumed':
      return foldResume(state, policy, message, provided, effects)
    case 'run.finished':
      return finish(state, message.data, effects)
    case 'run.annotated':
      return note(annotate(state, message.data))
    case 'freeze.requested':
    case 'thaw.requested':
    case 'override.requested':
      return foldRequest(state, policy, message, effects)
    case 'losses.measured':
    case 'metrics.logged':
      throw new Error(
        `${message.name} is never queued: losses go through the assembler, metrics to the history.`,
      )
  }
}

/** A run refused at its start takes nothing in but the message that began it. */
export function foldRefused(state: RunState, entry: InboxEntry, effects: Effects): void {
  if (entry.kind !== 'message' || entry.message.name !== 'run.started') return count(state.counts, 'afterEnd')
  const { domains, policy } = entry.message.data
  const { ranks, problems, run } = state
  const because = `run.started: the run "${run}" cannot be mixed as asked. ${problems.join(' ')}`
  effects.events.push({
    type: 'RunRefused',
    data: { ...identityOf(state), domains, policy, ranks, problems: [...problems] },
  })
  effects.rejections.push({ offset: entry.message.offset, because })
}

function finish(state: RunState, finished: RunFinished, effects: Effects): void {
  const { step, status, because } = finished
  state.status = status
  const told = because === undefined ? {} : { because }
  effects.events.push({ type: 'RunFinished', data: { ...identityOf(state), step, status, ...told } })
}
