import { describe, expect, it } from 'vitest'
import { exponentiatedStep, exponentiatedStepAmong } from './exponentiated-step.js'
import { sum } from './sum.js'

describe('an exponentiated step', () => {
  it('multiplies each weight by the exponential of its exponent and divides by the sum', () => {
    const [first, second] = exponentiatedStep([0.5, 0.5], [Math.log(3), 0])
    expect(first).toBeCloseTo(0.75, 15)
    expect(second).toBeCloseTo(0.25, 15)
  })

  it('does not notice a common shift, and leaves a weight of 0 at 0', () => {
    const weights = [0.2, 0.3, 0.5, 0]
    const shifted = exponentiatedStep(weights, [7, 7, 7, 900])
    shifted.forEach((weight, i) => expect(weight).toBeCloseTo(weights[i]!, 15))
    expect(shifted[3]).toBe(0)
  })

  it('takes exponents that no exponential holds', () => {
    expect(exponentiatedStep([0.5, 0.5], [Infinity, -Infinity])).toEqual([1, 0])
    expect(exponentiatedStep([0.5, 0.5], [1e308, 1e308])).toEqual([0.5, 0.5])
  })

  it('moves only those with an exponent, within what they had together', () => {
    const weights = exponentiatedStepAmong([0.2, 0.5, 0.3], [Math.log(2), null, 0])
    expect(weights[1]).toBe(0.5)
    expect(weights[0]! / weights[2]!).toBeCloseTo((0.2 * 2) / 0.3, 14)
    expect(sum(weights)).toBeCloseTo(1, 15)
  })
})
