import { createLearningTrail, type LearningTrail } from './learning-trail.js'
import { MixtureError } from './mixture-error.js'
import { openDesk, type DeskHooks, type RunDesk } from './run-desk.js'
import type { Effects } from './effects.js'
import type { RunMessage } from './run-message.js'
import type { Learning } from './run-state.js'

/** How many steps back a resume may go when nobody said beforehand from which steps the run was resumed. */
export const rememberedSteps = 4096

export type Refold = {
  readonly desk: RunDesk
  /** Folds one message, in log order. Throws `learningMissing` where it resumes from further back than is remembered. */
  take(message: RunMessage): Effects[]
  learningAt(step: number): Learning | undefined
}

/**
 * Folds a run's log from its start, resumes included. `resumes` are the steps from which the run was resumed (the ledger's
 * `RunResumed`, `fromStep`): with them any log is folded exactly, keeping one learning a resume. Without them the latest
 * 4096 steps are kept, and a resume from further back cannot be folded.
 */
export function createRefold(
  run: string,
  resumes?: Iterable<number>,
  hooks: Pick<DeskHooks, 'inForce' | 'rules'> = {},
): Refold {
  const trail: LearningTrail = createLearningTrail(
    rememberedSteps,
    resumes === undefined ? undefined : new Set(resumes),
  )
  const desk = openDesk(run, undefined, {
    ...hooks,
    beforeStep: (learning, step) => trail.beforeStep(learning, step),
  })

  function learningFor(step: number): Learning {
    const learning = trail.at(step)
    if (learning !== undefined) return learning
    throw new MixtureError(
      'learningMissing',
      run,
      `The run ${run} resumes from step ${step}, more than ${rememberedSteps} steps back; name the steps it was resumed from beforehand.`,
    )
  }

  return {
    desk,
    take(message) {
      const ingested = desk.ingest(message)
      const told: Effects[] = []
      if (ingested.kind !== 'closed') return told
      for (;;) {
        const { effects, needs } = desk.advance()
        told.push(effects)
        if (needs === undefined) break
        desk.provide(learningFor(needs.step))
      }
      if (message.name === 'run.resumed') trail.resume(message.data.step)
      return told
    },
    learningAt: (step) => trail.at(step),
  }
}

/**
 * What a run had learned at a step before an attempt began: for a resume from a step without a checkpoint.
 * Goes through the messages twice, so give something that can be iterated twice. Undefined when the step was not passed:
 * then the run's present learning is the answer.
 */
export function refoldLearning(
  messages: Iterable<RunMessage>,
  step: number,
  beforeAttempt: number,
  hooks: Pick<DeskHooks, 'rules'> = {},
): Learning | undefined {
  const steps = new Set([step])
  let run: string | undefined
  for (const message of messages) {
    run ??= message.data.run
    if (message.name === 'run.resumed') steps.add(message.data.step)
  }
  if (run === undefined) return undefined
  const refold = createRefold(run, steps, hooks)
  for (const message of messages) {
    const begins = message.name === 'run.resumed' && message.data.attempt >= beforeAttempt
    if (begins) break
    refold.take(message)
  }
  return refold.learningAt(step)
}
