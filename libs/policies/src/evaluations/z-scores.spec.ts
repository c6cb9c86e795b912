import { expect, it } from 'vitest'
import { zScores } from './z-scores.js'

it('measures distances from the mean in population standard deviations', () => {
  const got = zScores([1, 2, 3, 4])
  const expected = [-1.5, -0.5, 0.5, 1.5].map((one) => one / Math.sqrt(1.25))
  got.forEach((one, i) => expect(one).toBeCloseTo(expected[i]!, 15))
})

it('is 0 for numbers that do not differ, rounding aside', () => {
  expect(zScores([])).toEqual([])
  expect(zScores([7])).toEqual([0])
  expect(zScores([0.1 + 0.2, 0.3, 0.3])).toEqual([0, 0, 0])
  expect(zScores([0, -0, 0])).toEqual([0, 0, 0])
})

it('overflows for no finite numbers', () => {
  expect(zScores([-1e308, 1e308])).toEqual([-1, 1])
  expect(zScores([5e-324, 0]).every(Number.isFinite)).toBe(true)
})
