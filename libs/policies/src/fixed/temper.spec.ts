import { describe, expect, it } from 'vitest'
import { sum } from '../numerics/sum.js'
import { temper, type Temperature } from './temper.js'

/** Billions of tokens of English, Italian, Chinese and Swahili in mC4. */
const mc4 = [2733, 162, 39, 1]

describe('temperature sampling of mC4', () => {
  it.each<[Temperature, number[], number]>([
    [1, [0.93118, 0.0552, 0.01329, 0.00034], 1],
    [2, [0.72356, 0.17616, 0.08643, 0.01384], 2.249],
    [3.33, [0.55554, 0.2378, 0.15506, 0.0516], 10.98],
    [5, [0.4543, 0.25818, 0.19419, 0.09333], 29.83],
    [100, [0.25944, 0.25221, 0.24865, 0.2397], 174.5],
  ])('at %s', (temperature, weights, variance) => {
    const tempered = temper(mc4, temperature)
    tempered.weights.forEach((weight, i) => expect(Math.abs(weight - weights[i]!)).toBeLessThan(6e-6))
    expect(tempered.varianceFactor / variance).toBeCloseTo(1, 3)
  })
})

it('gives 10/11 and 1/11 to sizes of 100 and 1 at 2', () => {
  const { weights } = temper([100, 1], 2)
  expect(weights[0]).toBeCloseTo(10 / 11, 15)
  expect(weights[1]).toBeCloseTo(1 / 11, 15)
})

it('is uniform over what there is at an infinite temperature', () => {
  expect(temper([1e12, 1, 0], 'infinite').weights).toEqual([0.5, 0.5, 0])
})

it('keeps an empty domain at exactly 0, whatever the temperature', () => {
  for (const temperature of [1e-300, 0.5, 1, 5, 1e300, 'infinite'] as const) {
    const { weights, lossMultipliers } = temper([100, 1, 0], temperature)
    expect([weights[2], lossMultipliers[2]]).toEqual([0, 0])
  }
})

it('does not care about the unit of the sizes', () => {
  const small = temper(mc4, 3.33)
  const large = temper(
    mc4.map((size) => size * 1e9),
    3.33,
  )
  small.weights.forEach((weight, i) => expect(large.weights[i]).toBeCloseTo(weight, 14))
})

it('has a variance that grows with the temperature, and multipliers of mean 1 under proportional sampling', () => {
  const { weights } = temper(mc4, 1)
  let before = 1
  for (const temperature of [1.5, 2, 5, 50, 'infinite'] as const) {
    const { lossMultipliers, varianceFactor } = temper(mc4, temperature)
    expect(varianceFactor).toBeGreaterThan(before)
    before = varianceFactor
    expect(sum(lossMultipliers.map((factor, i) => factor * weights[i]!))).toBeCloseTo(1, 12)
  }
})

it('stays finite over the whole range of numbers', () => {
  for (const temperature of [1e-300, 1, 7, 'infinite'] as const) {
    const { weights, lossMultipliers, varianceFactor } = temper([1e300, 5e-324, 1], temperature)
    expect(sum(weights)).toBeCloseTo(1, 14)
    for (const value of [...weights, ...lossMultipliers, varianceFactor])
      expect(Number.isFinite(value)).toBe(true)
  }
})
