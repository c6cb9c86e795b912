import { expect, it } from 'vitest'
import { drive, problemsOf, start } from '../schedule.fixture.js'

const run = start({ web: 0.8, math: 0.1, code: 0.1 })
const math = {
  title: 'more mathematics',
  weights: { web: 0.5, math: 0.5 },
  until: { score: { task: 'gsm8k', above: 0.3 } },
}
const code = {
  when: { loss: { domain: 'code', above: 2 } },
  weights: { web: 0.4, code: 0.6 },
  until: { loss: { domain: 'code', below: 1.5 } },
  atMost: { steps: 3 },
}
const follow = (interventions: readonly object[], codeLoss: readonly number[]) =>
  drive({ preset: { name: 'interventions', interventions } }, run, codeLoss.length, {
    evaluate: (step) => ({ loss: { code: codeLoss[step - 1]! }, scores: { gsm8k: step / 10 } }),
  })
/** The mixture after each step: b for the base, m and c for the interventions. */
const story = (seen: ReturnType<typeof follow>) =>
  seen.map(({ weights }) => (weights[1]! === 0.5 ? 'm' : weights[2]! === 0.6 ? 'c' : 'b')).join('')

it('ends each intervention on its own condition and returns to the base', () => {
  const seen = follow([math, code], [9, 9, 1.9, 1.9, 2, 1.8, 1.5, 9, 9])
  // Mathematics until gsm8k is 0.3, the base until code is too bad, code until it is good, and the base for good.
  expect(story(seen)).toBe('mmmbbccbbb')
  expect(seen[0]!.proposal).toMatchObject({
    because: { summary: expect.stringMatching(/^Phase 1 of 4, more mathematics \(static\): /) },
  })
})

it('gives up on one that does not get there in time', () => {
  expect(story(follow([code], [2, 2, 2, 2, 2, 2]))).toBe('bcccbbb')
})

it('keeps everything not named at exactly 0 meanwhile', () => {
  expect(follow([math], [9])[0]!.weights).toEqual([0.5, 0.5, 0])
})

it.each<[object, string]>([
  [[], 'preset.interventions: expected a list with at least 1 entries'],
  [[{ ...math, weights: {} }], 'preset.interventions[0].weights: expected the weights meanwhile, got none'],
  [[{ ...math, until: {} }], 'preset.interventions[0].until: expected exactly one of'],
  [
    [{ ...code, when: { loss: { domain: 'cod', above: 2 } } }],
    'preset.interventions[0].when.loss.domain: expected',
  ],
  [
    [{ ...code, atMost: { share: 0.5 } }],
    'preset.interventions[0].atMost.share: expected a run that declares',
  ],
  [[{ weights: { web: 1 } }], 'preset.interventions[0].until: expected an object, got nothing'],
])('refuses %j', (interventions, sentence) => {
  const said = problemsOf({ preset: { name: 'interventions', interventions } }, run)
  expect(said).toContainEqual(expect.stringContaining(sentence))
})
