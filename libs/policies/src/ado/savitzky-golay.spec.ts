import { describe, expect, it } from 'vitest'
import { savitzkyGolayWeights } from './savitzky-golay.js'

const expectNear = (got: readonly number[], expected: readonly number[]) =>
  expected.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 12))

describe('Savitzky-Golay weights', () => {
  it('are those of the published tables in the middle', () => {
    expectNear(
      savitzkyGolayWeights(5, 2, 2).map((weight) => weight * 35),
      [-3, 12, 17, 12, -3],
    )
    expectNear(
      savitzkyGolayWeights(7, 3, 3).map((weight) => weight * 21),
      [-2, 3, 6, 7, 6, 3, -2],
    )
  })

  it('give a cubic back at every place, the edges included', () => {
    const cubic = (x: number) => 1 - 2 * x + 0.5 * x * x - 0.01 * x * x * x
    for (const place of [0, 1, 50, 75, 100]) {
      const value = savitzkyGolayWeights(101, 3, place).reduce(
        (total, weight, i) => total + weight * cubic(i),
        0,
      )
      expect(value / cubic(place)).toBeCloseTo(1, 10)
    }
  })

  it('of order 0 are the mean, and a window of one row is the row', () => {
    expectNear(savitzkyGolayWeights(4, 0, 1), [0.25, 0.25, 0.25, 0.25])
    expect(savitzkyGolayWeights(1, 0, 0)).toEqual([1])
  })
})
