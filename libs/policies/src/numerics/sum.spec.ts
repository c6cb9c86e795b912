import { expect, it } from 'vitest'
import { sum } from './sum.js'

it('keeps what plain addition loses', () => {
  expect(sum([1, 1e100, 1, -1e100])).toBe(2)
  expect(sum(Array.from({ length: 10 }, () => 0.1))).toBe(1)
})

it('says Infinity, not NaN, where it overflows', () => {
  expect(sum([1e308, 1e308])).toBe(Infinity)
  expect(sum([])).toBe(0)
})
