import { expect, it } from 'vitest'
import { logSumExp } from './log-sum-exp.js'

it('stays finite where the exponentials do not', () => {
  expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 12)
  expect(logSumExp([-1000, -1000])).toBeCloseTo(-1000 + Math.LN2, 12)
})

it('takes the edges as limits', () => {
  expect(logSumExp([])).toBe(-Infinity)
  expect(logSumExp([-Infinity, 3])).toBe(3)
  expect(logSumExp([-Infinity, -Infinity])).toBe(-Infinity)
  expect(logSumExp([0, Infinity])).toBe(Infinity)
})
