import { describe, expect, it } from 'vitest'
import { fitPowerLaw, predictLoss } from './power-law-fit.js'

/** E and A/N^α of Hoffmann et al., table A3, for one amount of data. */
const chinchilla = (size: number) => 1.69 + 406.4 / size ** 0.34
const points = (sizes: readonly number[], law: (size: number) => number) =>
  sizes.map((size) => ({ size, loss: law(size) }))

describe('fitting a power law', () => {
  it('finds the law that points lie on, and what it says beyond them', () => {
    const law = fitPowerLaw(points([7e9, 13e9, 34e9, 70e9], chinchilla))!
    expect(law.exponent).toBeCloseTo(0.34, 5)
    expect(law.irreducible).toBeCloseTo(1.69, 5)
    expect(predictLoss(law, 1.3e9)).toBeCloseTo(chinchilla(1.3e9), 5)
    expect(predictLoss(law, 1e30)).toBeCloseTo(1.69, 5)
  })

  it('goes through three sizes exactly, and through two without an irreducible loss', () => {
    const three = points([1, 4, 20], (size) => 2 + 3 * size ** -0.5)
    const law = fitPowerLaw(three)!
    for (const { size, loss } of three) expect(predictLoss(law, size)).toBeCloseTo(loss, 8)
    const pure = fitPowerLaw([
      { size: 100, loss: 4 },
      { size: 10_000, loss: 2 },
    ])!
    expect(pure.irreducible).toBe(0)
    expect(predictLoss(pure, 1_000_000)).toBeCloseTo(1, 8)
  })

  it('never promises a negative loss, nor one that rises with size', () => {
    const rising = fitPowerLaw(points([1, 2, 3, 4], (size) => size))!
    expect(rising.scale).toBe(0)
    expect(predictLoss(rising, 100)).toBeCloseTo(2.5, 12)
    const plunging = fitPowerLaw(points([1, 2, 3], (size) => Math.max(0, 10 - 9 * (size - 1))))!
    expect(predictLoss(plunging, 1e6)).toBeGreaterThanOrEqual(0)
  })

  it('has nothing to say of one size', () => {
    expect(fitPowerLaw([])).toBeUndefined()
    expect(
      fitPowerLaw([
        { size: 5, loss: 1 },
        { size: 5, loss: 2 },
      ]),
    ).toBeUndefined()
  })
})
