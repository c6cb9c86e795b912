import { describe, expect, it } from 'vitest'
import { lossStrategies, sequenceWeights, temperatureAt, type LossReweighting } from './reweight-losses.js'

const settings: LossReweighting = {
  strategy: 'linUpper',
  temperature: 0.4,
  warmUpSteps: 0,
  warmUpTemperature: null,
  delta: 1,
  rangeGuard: 1e-6,
}
const weights = (losses: readonly number[], given: Partial<LossReweighting> = {}) =>
  sequenceWeights(losses, { ...settings, ...given }, 0)
const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(6)))

describe('weights inside a batch', () => {
  it.each([
    ['linUpper', 0.4, [0.034656, 0.12096, 0.422192, 0.422192]],
    ['quadratic', 0.4, [0.048301, 0.314965, 0.588432, 0.048301]],
    ['extremes', 0.4, [0.422192, 0.12096, 0.034656, 0.422192]],
    ['linear', 0.4, [0.053934, 0.100763, 0.188249, 0.657054]],
    ['linUpper', 1, [0.123681, 0.203916, 0.336201, 0.336201]],
    ['quadratic', 1, [0.1463, 0.309717, 0.397684, 0.1463]],
    ['extremes', 1, [0.336201, 0.203916, 0.123681, 0.336201]],
    ['linUpper', 100, [0.24844, 0.249686, 0.250937, 0.250937]],
  ] as const)('of losses 1, 2, 3, 5 by %s at %d', (strategy, temperature, expected) => {
    expect(rounded(weights([1, 2, 3, 5], { strategy, temperature }))).toEqual(expected)
  })

  it('of two sequences hang on the temperature alone', () => {
    expect(weights([1, 7], { temperature: 1 })[0]).toBeCloseTo(0.26894, 5)
    expect(weights([1, 7])[0]).toBeCloseTo(0.07586, 5)
    for (const strategy of ['quadratic', 'extremes'] as const)
      expect(weights([1, 7], { strategy })).toEqual([0.5, 0.5])
  })

  it('have a largest ratio of e^(1/r), 12.18 at 0.4', () => {
    const [least, , most] = weights([1, 2, 3, 5])
    expect(most! / least!).toBeCloseTo(Math.exp(2.5), 10)
    expect(Math.exp(2.5)).toBeCloseTo(12.18, 2)
  })

  it('are equal for equal losses, and 1 for one sequence, whatever the strategy', () => {
    for (const strategy of lossStrategies) {
      expect(weights([2, 2, 2, 2], { strategy })).toEqual([0.25, 0.25, 0.25, 0.25])
      expect(weights([3], { strategy })).toEqual([1])
    }
  })

  it('do not notice a change of scale or origin', () => {
    const moved = weights([1, 2, 3, 5].map((loss) => 3 * loss + 40))
    weights([1, 2, 3, 5]).forEach((weight, i) => expect(moved[i]).toBeCloseTo(weight, 13))
  })

  it('give the masses of the specification to two domains of two sequences each', () => {
    const [a, b, c, d] = weights([1, 2, 3, 5])
    expect(rounded([a! + b!, c! + d!])).toEqual([0.155616, 0.844384])
  })

  it('are in proportion to exp(h/r) by what the README calls uniform', () => {
    const [first, second] = weights([1, 3, 5], { strategy: 'readmeUniform', temperature: 1 })
    expect(second! / first!).toBeCloseTo(Math.E, 12)
  })

  it('stay finite for losses that are not, and at the ends of the numbers', () => {
    expect(weights([1, NaN, 7])).toEqual([weights([1, 7])[0], 0, weights([1, 7])[1]])
    expect(weights([-1e300, 0, 1e300]).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 14)
  })
})

it('holds the temperature of the warm-up for its steps, and null for equal weights', () => {
  const warm = { ...settings, warmUpSteps: 30, warmUpTemperature: 100 }
  expect([0, 29, 30].map((step) => temperatureAt(warm, step))).toEqual([100, 100, 0.4])
  expect(sequenceWeights([1, 5], { ...settings, warmUpSteps: 1 }, 0)).toEqual([0.5, 0.5])
})
