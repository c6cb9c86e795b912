import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { roundToTotal } from './round-to-total.js'
import { sum } from './sum.js'
import { toMixture } from './to-mixture.js'

describe('rounding a mixture to whole counts', () => {
  it('gives what the floors leave to the largest remainders, in order where they are equal', () => {
    expect(roundToTotal([0.346, 0.332, 0.322], 10)).toEqual([4, 3, 3])
    expect(roundToTotal([1 / 3, 1 / 3, 1 / 3], 10)).toEqual([4, 3, 3])
    expect(roundToTotal([0.5, 0.5], 256)).toEqual([128, 128])
  })

  it('keeps the minimum, at the expense of those who have more, and nothing for a weight of 0', () => {
    expect(roundToTotal([0.98, 0.01, 0.01, 0], 16, 1)).toEqual([14, 1, 1, 0])
    expect(roundToTotal([0.6, 0.3, 0.1], 6, 2)).toEqual([2, 2, 2])
  })

  it('goes without a minimum where the total has no room for it', () => {
    expect(roundToTotal([0.5, 0.3, 0.2], 2, 1)).toEqual([1, 1, 0])
  })

  it('always adds up to the total', () => {
    const mixture = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })
      .map((values) => toMixture(values) ?? values.map(() => 1 / values.length))
    fc.assert(
      fc.property(mixture, fc.nat(2000), fc.nat(3), (weights, total, minimum) => {
        const counts = roundToTotal(weights, total, minimum)
        expect(sum(counts)).toBe(total)
        const kept = weights.filter((weight) => weight > 0).length * minimum <= total
        counts.forEach((count, i) => {
          expect(Number.isInteger(count) && count >= 0).toBe(true)
          if (kept && weights[i]! > 0) expect(count).toBeGreaterThanOrEqual(minimum)
        })
      }),
    )
  })
})
