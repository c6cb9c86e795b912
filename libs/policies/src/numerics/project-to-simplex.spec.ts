import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { projectToSimplex } from './project-to-simplex.js'
import { sum } from './sum.js'

const unit = fc.double({ min: 0, max: 1, noNaN: true })
const coordinate = fc.double({ min: -3, max: 3, noNaN: true })

/** Points with a box that holds a mixture: the bounds are drawn around one. */
const problem = (length: { minLength: number; maxLength: number }) =>
  fc
    .array(fc.record({ point: coordinate, inside: unit, below: unit, above: unit }), length)
    .filter((rows) => rows.some((row) => row.inside > 1e-6))
    .map((rows) => {
      const total = sum(rows.map((row) => row.inside))
      return {
        point: rows.map((row) => row.point),
        inside: rows.map((row) => row.inside / total),
        lower: rows.map((row) => (row.inside / total) * (1 - row.below)),
        upper: rows.map((row) => row.inside / total + row.above * 0.5),
      }
    })

/** The nearest mixture by trying every way to have each weight at its lower bound, at its upper bound, or free. */
function bruteForce(point: readonly number[], lower: readonly number[], upper: readonly number[]): number {
  let best = Infinity
  for (let code = 0; code < 3 ** point.length; code++) {
    const place = point.map((_, i) => Math.floor(code / 3 ** i) % 3)
    const fixed = point.map((_, i) => (place[i] === 0 ? lower[i]! : place[i] === 1 ? upper[i]! : 0))
    const free = point.flatMap((_, i) => (place[i] === 2 ? [i] : []))
    const shift = free.length === 0 ? 0 : (1 - sum(fixed) - sum(free.map((i) => point[i]!))) / free.length
    const weights = point.map((value, i) => (place[i] === 2 ? value + shift : fixed[i]!))
    // As tight as the claim below is: what is let off here shows there as a point that is nearer than any mixture.
    const feasible =
      Math.abs(sum(weights) - 1) < 1e-12 &&
      weights.every((weight, i) => weight >= lower[i]! - 1e-12 && weight <= upper[i]! + 1e-12)
    if (feasible) best = Math.min(best, distance(point, weights))
  }
  return best
}

const distance = (a: readonly number[], b: readonly number[]) =>
  sum(a.map((value, i) => (value - b[i]!) ** 2))

function expectInside(weights: readonly number[], lower: readonly number[], upper: readonly number[]): void {
  expect(Math.abs(sum(weights) - 1)).toBeLessThanOrEqual(1e-12)
  weights.forEach((weight, i) => {
    expect(weight).toBeGreaterThanOrEqual(lower[i]!)
    expect(weight).toBeLessThanOrEqual(upper[i]!)
  })
}

describe('projection onto the bounded simplex', () => {
  it('keeps the floor, where clamping and dividing would end below it', () => {
    const weights = projectToSimplex([1, 0, 0], [0.05, 0.05, 0.05], [1, 1, 1])!
    weights.forEach((weight, i) => expect(weight).toBeCloseTo([0.9, 0.05, 0.05][i]!, 15))
  })

  it('leaves a mixture inside the box where it is', () => {
    expect(projectToSimplex([0.5, 0.3, 0.2], [0, 0, 0], [1, 1, 1])).toEqual([0.5, 0.3, 0.2])
  })

  it('is as near as exhaustive search finds', () => {
    fc.assert(
      fc.property(problem({ minLength: 1, maxLength: 5 }), ({ point, lower, upper }) => {
        const weights = projectToSimplex(point, lower, upper)!
        expectInside(weights, lower, upper)
        const best = bruteForce(point, lower, upper)
        if (Number.isFinite(best)) expect(distance(point, weights)).toBeLessThanOrEqual(best + 1e-9)
      }),
    )
  })

  it('satisfies the variational inequality (point − w)·(y − w) ≤ 0 of the nearest point', () => {
    fc.assert(
      fc.property(problem({ minLength: 1, maxLength: 64 }), ({ point, lower, upper, inside }) => {
        const weights = projectToSimplex(point, lower, upper)!
        expectInside(weights, lower, upper)
        expect(sum(weights.map((w, i) => (point[i]! - w) * (inside[i]! - w)))).toBeLessThanOrEqual(1e-9)
      }),
    )
  })

  it('is finite and exact for 4,096 domains and for points of any size', () => {
    const domains = 4096
    const lower = Array.from({ length: domains }, () => 0.1 / domains)
    const upper = Array.from({ length: domains }, () => 5 / domains)
    for (const scale of [1e-12, 1, 1e12, 1e300]) {
      const point = Array.from({ length: domains }, (_, i) => scale * Math.sin(i * i))
      expectInside(projectToSimplex(point, lower, upper)!, lower, upper)
    }
  })

  it('finds the only mixture of a box that holds one', () => {
    const third = [1 / 3, 1 / 3, 1 / 3]
    projectToSimplex([5, -2, 0], third, [1, 1, 1])!.forEach((weight) => expect(weight).toBeCloseTo(1 / 3, 15))
    expect(projectToSimplex([9], [0], [1])).toEqual([1])
    expect(projectToSimplex([0.2, 0.2], [0, 0], [0.5, 0.5])).toEqual([0.5, 0.5])
  })

  it.each([
    ['lower bounds above one', [0, 0], [0.6, 0.6], [1, 1]],
    ['upper bounds below one', [0, 0], [0, 0], [0.4, 0.4]],
    ['crossing bounds', [0, 0], [0.5, 0], [0.4, 1]],
    ['a number that is not finite', [NaN, 0], [0, 0], [1, 1]],
    ['different lengths', [0, 0], [0], [1, 1]],
    ['no domain', [], [], []],
  ])('is undefined for %s', (_name, point, lower, upper) =>
    expect(projectToSimplex(point, lower, upper)).toBeUndefined(),
  )
})
