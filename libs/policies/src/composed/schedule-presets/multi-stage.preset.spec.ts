import { expect, it } from 'vitest'
import { drive, phases, problemsOf, start } from '../schedule.fixture.js'

const run = start({ web: 0.9, code: 0.1, math: 0 }, { steps: 20 })
const weights = (web: number, code: number, math: number) => ({ web, code, math })
const follow = (stages: readonly object[], steps: number, more: object = {}) =>
  drive({ preset: { name: 'multi-stage', stages, ...more } }, run, steps)

it('gives each stage its length, the last the rest', () => {
  const seen = follow(
    [
      { title: 'web', weights: {}, lasts: { steps: 4 } },
      { title: 'more code', weights: weights(75, 20, 5), lasts: { steps: 2 } },
      { title: 'decay', weights: weights(58, 24, 14), controls: { sequenceLength: 8192 } },
    ],
    8,
  )
  expect(phases(seen)).toEqual([1, 1, 1, 1, 2, 2, 3, 3, 3])
  expect(seen[0]!.weights).toEqual([0.9, 0.1, 0])
  expect(seen[4]!.weights).toEqual([0.75, 0.2, 0.05])
  expect(seen[6]!.proposal).toMatchObject({
    controls: { sequenceLength: 8192, phase: 3 },
    because: { summary: expect.stringMatching(/^Phase 3 of 3, decay \(static\): /) },
  })
})

it('adds lengths up, so that stages do not drift with the size of a step', () => {
  // Steps of 30 tokens, stages of 50: the second ends at 100 of the run, and not 50 after the 60 at which the first did.
  const uneven = [0, 1, 2].map(() => ({ weights: weights(1, 1, 1) }))
  const stages = uneven.map((stage, i) => (i === 2 ? stage : { ...stage, lasts: { tokens: 50 } }))
  expect(phases(follow(stages, 5))).toEqual([1, 1, 2, 2, 3, 3])
})

it('counts a length from the last change where a stage before ends by a condition or in another unit', () => {
  const stages = [
    { weights: {}, until: { used: { domain: 'web', steps: 3 } } },
    { weights: weights(1, 1, 0), lasts: { steps: 2 } },
    { weights: weights(0, 0, 1) },
  ]
  expect(phases(follow(stages, 6))).toEqual([1, 1, 1, 2, 2, 3, 3])
})

it('may go from stage to stage gradually', () => {
  const stages = [{ weights: {}, lasts: { share: 0.1 } }, { weights: weights(0.5, 0.5, 0) }]
  const seen = follow(stages, 7, { transition: { over: { steps: 4 } } })
  expect(seen.map((one) => Math.round(one.weights[0]! * 100))).toEqual([90, 90, 90, 80, 70, 60, 50, 50])
})

it.each<[readonly object[], string]>([
  [[], 'preset.stages: expected a list with at least 1 entries'],
  [[{ weights: {} }, { weights: {} }], 'preset.stages[0]: expected exactly one of lasts, until, got none'],
  [[{ weights: {}, lasts: { steps: 1 } }], 'preset.stages[0]: expected no end'],
  [[{ weights: {}, lasts: {} }, { weights: {} }], 'preset.stages[0].lasts: expected exactly one of steps'],
  [[{ weights: { cod: 1 } }], 'cod is no domain of this run'],
])('refuses %j', (stages, sentence) => {
  const said = problemsOf({ preset: { name: 'multi-stage', stages } }, run)
  expect(said).toContainEqual(expect.stringContaining(sentence))
})
