import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { projectToSimplex } from './project-to-simplex.js'

// The projection is the quadratic programme min ½‖w − point‖², Σ w = 1, lower ≤ w ≤ upper. Here it is solved in other ways:
// by trying every set of active bounds, and, where there are too many, by its optimality conditions and by bisecting its dual.

type Programme = {
  readonly point: readonly number[]
  readonly lower: readonly number[]
  readonly upper: readonly number[]
}

const unit = fc.double({ min: 0, max: 1, noNaN: true })
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Bounds around a mixture, tight ones and equal ones among them, and a point near or far. */
const programmes = (length: fc.Arbitrary<number>): fc.Arbitrary<Programme> =>
  length.chain((domains) =>
    fc
      .record({
        rows: fc.array(
          fc.record({
            inside: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: unit }),
            below: fc.oneof(unit, fc.constantFrom(0, 1)),
            above: fc.oneof(unit, fc.constantFrom(0, 1)),
            point: fc.double({ min: -1, max: 1, noNaN: true }),
          }),
          { minLength: domains, maxLength: domains },
        ),
        scale: fc.constantFrom(0.01, 1, 30),
      })
      .filter(({ rows }) => rows.some((row) => row.inside > 1e-3))
      .map(({ rows, scale }) => {
        const total = sum(rows.map((row) => row.inside))
        return {
          point: rows.map((row) => row.point * scale),
          lower: rows.map((row) => (row.inside / total) * (1 - row.below)),
          upper: rows.map((row) => row.inside / total + row.above),
        }
      }),
  )

/**
 * Tries every way to have each weight at its lower bound, at its upper bound, or free, and takes the one that is allowed
 * and for which nothing would be gained by leaving a bound. The programme is strictly convex, so there is one such mixture.
 * (Comparing distances would not do: they differ by less than doubles can tell.)
 */
function byEnumeration({ point, lower, upper }: Programme): readonly number[] | undefined {
  const slack = 1e-12
  for (let code = 0; code < 3 ** point.length; code++) {
    const places = point.map((_, i) => Math.floor(code / 3 ** i) % 3)
    const fixed = places.map((place, i) => (place === 0 ? lower[i]! : place === 1 ? upper[i]! : 0))
    const free = places.flatMap((place, i) => (place === 2 ? [i] : []))
    const rest = 1 - sum(fixed)
    if (free.length === 0 && Math.abs(rest) > slack) continue
    const shift = free.length === 0 ? 0 : (rest - sum(free.map((i) => point[i]!))) / free.length
    const weights = places.map((place, i) => (place === 2 ? point[i]! + shift : fixed[i]!))
    if (weights.some((weight, i) => weight < lower[i]! - slack || weight > upper[i]! + slack)) continue
    let [least, most] = free.length === 0 ? [-Infinity, Infinity] : [-shift, -shift]
    places.forEach((place, i) => {
      const multiplier = point[i]! - weights[i]!
      // Equal bounds leave no choice, and so ask for no multiplier.
      if (place === 0 && lower[i]! < upper[i]!) least = Math.max(least, multiplier)
      if (place === 1 && lower[i]! < upper[i]!) most = Math.min(most, multiplier)
    })
    if (least <= most + slack) return weights
  }
  return undefined
}

/** Σ clamp(point − multiplier) = 1, solved for the multiplier by halving an interval that holds it. */
function byDual({ point, lower, upper }: Programme): readonly number[] {
  const at = (multiplier: number) =>
    point.map((value, i) => Math.min(Math.max(value - multiplier, lower[i]!), upper[i]!))
  let [low, high] = [Math.min(...point) - 2, Math.max(...point) + 2]
  for (let round = 0; round < 200; round++) {
    const middle = (low + high) / 2
    if (sum(at(middle)) > 1) low = middle
    else high = middle
  }
  return at((low + high) / 2)
}

describe('the projection equals its quadratic programme', () => {
  it('by every set of active bounds, up to 8 domains', () => {
    fc.assert(
      fc.property(programmes(fc.integer({ min: 1, max: 8 })), (programme) => {
        const { point, lower, upper } = programme
        const weights = projectToSimplex(point, lower, upper)!
        const expected = byEnumeration(programme)!
        weights.forEach((weight, i) => expect(Math.abs(weight - expected[i]!)).toBeLessThan(1e-9))
      }),
      { numRuns: 150 },
    )
  })

  it('by its optimality conditions, with 64 domains', () => {
    fc.assert(
      fc.property(programmes(fc.constant(64)), ({ point, lower, upper }) => {
        const weights = projectToSimplex(point, lower, upper)!
        expect(Math.abs(sum(weights) - 1)).toBeLessThan(1e-12)
        // One multiplier for all: equal to point − w between the bounds, no less at a lower one, no more at an upper one.
        let [least, most] = [-Infinity, Infinity]
        weights.forEach((weight, i) => {
          expect(weight).toBeGreaterThanOrEqual(lower[i]!)
          expect(weight).toBeLessThanOrEqual(upper[i]!)
          const multiplier = point[i]! - weight
          if (weight > lower[i]! + 1e-12) most = Math.min(most, multiplier)
          if (weight < upper[i]! - 1e-12) least = Math.max(least, multiplier)
        })
        expect(least).toBeLessThanOrEqual(most + 1e-9)
      }),
      { numRuns: 300 },
    )
  })

  it('by bisecting its dual, with 64 domains', () => {
    fc.assert(
      fc.property(programmes(fc.constant(64)), (programme) => {
        const weights = projectToSimplex(programme.point, programme.lower, programme.upper)!
        const expected = byDual(programme)
        weights.forEach((weight, i) => expect(Math.abs(weight - expected[i]!)).toBeLessThan(1e-9))
      }),
      { numRuns: 300 },
    )
  })
})
