import { expect, it } from 'vitest'
import { softmax } from './softmax.js'

it('equals the definition', () => {
  const total = Math.exp(0.5) + Math.exp(1) + Math.exp(1.5)
  softmax([0.5, 1, 1.5]).forEach((weight, i) =>
    expect(weight).toBeCloseTo(Math.exp(0.5 * (i + 1)) / total, 14),
  )
})

it('does not notice a common shift, however large', () => {
  expect(softmax([1e6, 1e6 + 1])).toEqual(softmax([0, 1]))
})

it('takes the edges as limits', () => {
  expect(softmax([0, -Infinity])).toEqual([1, 0])
  expect(softmax([-Infinity, -Infinity])).toEqual([0.5, 0.5])
  expect(softmax([Infinity, 0, Infinity])).toEqual([0.5, 0, 0.5])
  expect(softmax([7])).toEqual([1])
})
