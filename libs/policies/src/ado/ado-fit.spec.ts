import { describe, expect, it } from 'vitest'
import { fitScalingLaw, scalingLawObjective, type FitOptions } from './ado-fit.js'
import { scalingLawLoss } from './scaling-law.js'

const published: FitOptions = {
  huberDelta: 1e-3,
  lowestExponent: 1e-3,
  highestExponent: 0.8,
  lowestLogIrreducible: 0.5,
  highestLogScale: 6.5,
  penalty: 1,
}
const unbounded: FitOptions = { ...published, lowestLogIrreducible: -20, penalty: Infinity }

/** As the published fit saw it: 256 sequences a step, steps 1000 to 5000, every tenth. */
const counts = Array.from({ length: 400 }, (_, i) => 256 * (1000 + 10 * i))
const curve = (irreducible: number, scale: number, exponent: number) => ({
  counts,
  losses: counts.map((count) => irreducible + scale * count ** -exponent),
})
/** Deviations that repeat: no chance in tests. */
const noise = (i: number) => Math.sin(12.9898 * i) * Math.cos(78.233 * i)

describe('the fit of a scaling law', () => {
  it('recovers a law whose irreducible loss is above the published bound, as the published fit does', () => {
    const law = fitScalingLaw(curve(2, 20, 0.3), published)!
    expect(Math.exp(law.logIrreducible)).toBeCloseTo(2, 9)
    expect(Math.exp(law.logScale)).toBeCloseTo(20, 7)
    expect(law.exponent).toBeCloseTo(0.3, 9)
  })

  it('loses the learning speed of a loss below 1.65 nats to the published bound, and not to ours', () => {
    const low = curve(0.8, 20, 0.3)
    const speed = (options: FitOptions) => {
      const law = fitScalingLaw(low, options)!
      const last = counts.at(-1)!
      return {
        floor: Math.exp(law.logIrreducible),
        speed: law.exponent * (scalingLawLoss(law, last) - Math.exp(law.logIrreducible)),
      }
    }
    expect(speed(published).floor).toBeCloseTo(1.64872, 5)
    expect(speed(published).speed).toBeLessThan(1e-6)
    expect(speed(unbounded).floor).toBeCloseTo(0.8, 9)
    expect(speed(unbounded).speed).toBeCloseTo(0.0884, 4)
  })

  it.each([
    [1.7, 5, 0.1],
    [3, 100, 0.5],
    [0.2, 8, 0.08],
    [2.5, 600, 0.79],
  ])('recovers %d + %d · n^−%d', (irreducible, scale, exponent) => {
    const exact = curve(irreducible, scale, exponent)
    const law = fitScalingLaw(exact, unbounded)!
    exact.losses.forEach((loss, i) => expect(scalingLawLoss(law, counts[i]!) / loss).toBeCloseTo(1, 10))
    expect(law.exponent).toBeCloseTo(exponent, 6)
  })

  it('does not follow outliers', () => {
    const exact = curve(2, 20, 0.3)
    const losses = exact.losses.map((loss, i) => (i % 20 === 7 ? loss * 3 : loss))
    const law = fitScalingLaw({ counts, losses }, unbounded)!
    exact.losses.forEach((loss, i) => expect(scalingLawLoss(law, counts[i]!) / loss).toBeCloseTo(1, 3))
  })

  it('ends where nothing nearby is better, noise and bounds or not', () => {
    for (const options of [published, unbounded, { ...unbounded, highestExponent: 0.2 }]) {
      const clean = curve(2, 20, 0.3)
      const noisy = { counts, losses: clean.losses.map((loss, i) => loss * (1 + 0.02 * noise(i))) }
      const law = fitScalingLaw(noisy, options)!
      const best = scalingLawObjective(noisy, law, options)
      for (let n = 0; n < 300; n++) {
        const size = 10 ** -(n % 5)
        const other = {
          logScale: law.logScale + size * noise(3 * n + 1),
          logIrreducible: law.logIrreducible + 0.1 * size * noise(3 * n + 2),
          exponent: law.exponent + 0.1 * size * noise(3 * n),
        }
        expect(scalingLawObjective(noisy, other, options)).toBeGreaterThanOrEqual(best * (1 - 1e-5))
      }
    }
  })

  it('lets a soft bound give way where the points pull harder than it, and a hard one never', () => {
    const many = Array.from({ length: 6000 }, (_, i) => 256 * (i + 20))
    const steep = { counts: many, losses: many.map((count) => 2 + 5000 * count ** -0.95) }
    const options = { ...published, huberDelta: 1, highestLogScale: 100, penalty: 0.01 }
    const soft = fitScalingLaw(steep, options)!
    const hard = fitScalingLaw(steep, { ...options, penalty: Infinity })!
    expect(hard.exponent).toBe(0.8)
    expect(soft.exponent).toBeGreaterThan(0.8)
  })

  it('stays finite where the points do not determine a law', () => {
    for (const losses of [[3], [3, 3, 3], [1, 2, 3], [5e-324, 1e300, 2]]) {
      const law = fitScalingLaw({ counts: losses.map((_, i) => 1000 * (i + 1)), losses }, published)!
      for (const parameter of Object.values(law)) expect(Number.isFinite(parameter)).toBe(true)
    }
  })

  it('has nothing to say of no point, or of one that is not positive', () => {
    expect(fitScalingLaw({ counts: [], losses: [] }, published)).toBeUndefined()
    expect(fitScalingLaw({ counts: [1, 2], losses: [3, -1] }, published)).toBeUndefined()
    expect(fitScalingLaw({ counts: [1, 2], losses: [3, NaN] }, published)).toBeUndefined()
    expect(fitScalingLaw({ counts: [0, 2], losses: [3, 2] }, published)).toBeUndefined()
  })
})
