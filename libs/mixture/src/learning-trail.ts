import type { Learning } from './run-state.js'

/** Learning that counts for resumes from `step` (of it) up to the step before `until`. */
type Mark = { readonly learning: Learning; until: number }

/**
 * What a run had learned at its latest steps, for resumes. The learning at step N is what held just before the first fold
 * of a step after N on the chain of attempts, the same moment at which a checkpoint is written.
 */
export type LearningTrail = {
  beforeStep(learning: Learning, step: number): void
  /** The run goes on from this step: what was learned after it no longer counts. */
  resume(step: number): void
  at(step: number): Learning | undefined
}

/** With `wanted`, keeps what those steps need and nothing else; without, the latest `most`. */
export function createLearningTrail(most: number, wanted?: ReadonlySet<number>): LearningTrail {
  let marks: Mark[] = []
  const steps = wanted === undefined ? undefined : [...wanted].sort((a, b) => a - b)
  const isWanted = (from: number, until: number) =>
    steps === undefined || steps.some((step) => step >= from && step < until)

  return {
    beforeStep(learning, step) {
      if (!isWanted(learning.step, step)) return
      marks.push({ learning, until: step })
      // In one go now and then: shifting an array at every step is slow.
      if (steps === undefined && marks.length > 2 * most) marks = marks.slice(-most)
    },
    resume(step) {
      marks = marks.filter((mark) => mark.learning.step <= step)
      for (const mark of marks) mark.until = Math.min(mark.until, step + 1)
    },
    at: (step) => marks.find((mark) => mark.learning.step <= step && step < mark.until)?.learning,
  }
}
