import { expect, it } from 'vitest'
import { alignToDevices, gradientSpread, proportionalRollouts } from './cures-rollouts.js'
import { roundToTotal } from '../numerics/round-to-total.js'

const deviations = [0.1, 0.5, 0.9, 0].map((rate) => Math.sqrt(rate * (1 - rate)))

it('shares a budget in proportion to √(p(1 − p))', () => {
  const total = deviations.reduce((a, b) => a + b, 0)
  const shares = deviations.map((deviation) => (32 * deviation) / total)
  expect(shares.map((share) => Number(share.toFixed(4)))).toEqual([8.7273, 14.5455, 8.7273, 0])
  // Rounded one by one the counts are one too many; by largest remainder they sum to the budget.
  expect(proportionalRollouts(deviations, 32)).toEqual([9, 15, 9, 0])
  expect(roundToTotal(deviations, 32)).toEqual([9, 14, 9, 0])
})

it('rounds halves to even, and has no answer where every σ is 0', () => {
  expect(proportionalRollouts([1, 3, 4], 20)).toEqual([2, 8, 10])
  expect(proportionalRollouts([0, 0], 20)).toBeUndefined()
})

it('makes σ from gradient norms by class', () => {
  // p = 1/4; E right 9, E wrong 4; means 3 and 2: p(1−p)²·9 + p²(1−p)·4 − p²(1−p)²·1.
  const report = {
    successes: 1,
    rollouts: 4,
    rightNormSum: 3,
    rightNormSquareSum: 9,
    wrongNormSum: 6,
    wrongNormSquareSum: 12,
  }
  expect(gradientSpread(report)).toBeCloseTo(Math.sqrt((9 * 9) / 64 + (3 * 4) / 64 - 9 / 256), 14)
  expect(gradientSpread({ ...report, successes: 0 })).toBe(0)
  expect(gradientSpread({ ...report, successes: 4 })).toBe(0)
  expect(gradientSpread({ ...report, rightNormSum: 1e300, rightNormSquareSum: 1e300 })).toBe(0)
})

it('raises the largest counts until the total is a multiple of the devices', () => {
  expect(alignToDevices([5, 9, 7, 0], 8)).toEqual([6, 10, 8, 0])
  expect(alignToDevices([5, 5], 8)).toEqual([8, 8])
  expect(alignToDevices([4, 4], 8)).toEqual([4, 4])
})
