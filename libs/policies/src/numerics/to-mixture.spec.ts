import { expect, it } from 'vitest'
import { sum } from './sum.js'
import { toMixture } from './to-mixture.js'

it('scales to a sum of one', () => {
  expect(toMixture([1, 2, 1])).toEqual([0.25, 0.5, 0.25])
  const many = toMixture(Array.from({ length: 4096 }, (_, i) => 1 / (i + 1)))
  expect(Math.abs(sum(many!) - 1)).toBeLessThan(1e-12)
})

it('has no -0, which would not survive JSON', () => expect(toMixture([-0, 1])).toStrictEqual([0, 1]))

it.each([[[]], [[0, 0]], [[1, -1e-9]], [[1, NaN]], [[1, Infinity]], [[1e308, 1e308]]])(
  'refuses %j',
  (values) => expect(toMixture(values)).toBeUndefined(),
)
