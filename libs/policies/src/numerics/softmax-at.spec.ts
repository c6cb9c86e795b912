import { expect, it } from 'vitest'
import { softmaxAt } from './softmax-at.js'

it('is softmax of the scores over the temperature', () => {
  const [a, b, c] = softmaxAt([0.75, 0.1, 0], 0.1) as [number, number, number]
  expect(a).toBeCloseTo(0.997948, 6)
  expect(b).toBeCloseTo(0.0015, 6)
  expect(c).toBeCloseTo(0.000552, 6)
})

it('lets a lead of 0.23 count tenfold at a temperature of 0.1', () => {
  const [ahead, behind] = softmaxAt([0.23, 0], 0.1) as [number, number]
  expect(ahead / behind).toBeCloseTo(10, 0)
})

it('shares evenly among the best at a temperature of 0, and nearly so just above it', () => {
  expect(softmaxAt([2, 1, 2], 0)).toEqual([0.5, 0, 0.5])
  expect(softmaxAt([2, 1, 2], 5e-324)).toEqual([0.5, 0, 0.5])
})

it('stays finite for scores of any size', () => {
  expect(softmaxAt([1e300, -1e300, 0], 0.1)).toEqual([1, 0, 0])
  expect(softmaxAt([-1e300, -1e300], 1e-300)).toEqual([0.5, 0.5])
})
