import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyGuards, checkGuards, resolveGuards, simplexFault } from './guard-rails.js'

const names = ['a', 'b', 'c']
const rails = (guards: Parameters<typeof resolveGuards>[0]) => resolveGuards(guards, names, 10)
const distance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0)
const mixture = fc
  .array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  .map((values) => values.map((value) => value / values.reduce((sum, one) => sum + one, 0)))

describe('guard rails', () => {
  it('leave an allowed mixture as it is', () => {
    expect(applyGuards([0.2, 0.3, 0.5], [0.3, 0.3, 0.4], rails({}))).toEqual({
      weights: [0.2, 0.3, 0.5],
      bites: [],
    })
    expect(applyGuards([0, 0, 1], [1, 0, 0], rails({})).bites).toEqual([])
  })
  it('move into the box to the nearest mixture, and say so', () => {
    const { weights, bites } = applyGuards(
      [0.8, 0.2, 0],
      [0.4, 0.3, 0.3],
      rails({ floor: { c: 0.1 }, ceiling: 0.6 }),
    )
    expect(bites).toMatchObject([{ guard: 'floorAndCeiling', before: [0.8, 0.2, 0], after: weights }])
    weights.forEach((weight, i) => expect(weight).toBeCloseTo([0.6, 0.3, 0.1][i]!, 12))
  })
  it('cut a change that is too large, and say so', () => {
    const { weights, bites } = applyGuards([1, 0, 0], [0, 1, 0], rails({ largestChange: 0.5 }))
    expect(weights).toEqual([0.25, 0.75, 0])
    expect(bites).toEqual([
      {
        guard: 'largestChange',
        because: 'The change of 2 was cut to 0.5.',
        before: [1, 0, 0],
        after: [0.25, 0.75, 0],
      },
    ])
  })
  it('let the box win where the mixture before lies outside it, and say so', () => {
    const { weights, bites } = applyGuards(
      [0.2, 0.4, 0.4],
      [1, 0, 0],
      rails({ floor: 0.2, largestChange: 0.1 }),
    )
    expect(Math.min(...weights)).toBeGreaterThanOrEqual(0.2)
    expect(bites[0]!.because).toMatch(
      /was to be cut to 0\.1, but the mixture before lies outside the floors and ceilings/,
    )
  })
  it('give a mixture inside the box, changed no more than allowed, for any proposal', () => {
    const guards = { floor: { a: 0.1, b: 0.2 }, ceiling: 0.6, largestChange: 0.15 }
    fc.assert(
      fc.property(mixture, mixture, (proposed, before) => {
        const current = applyGuards(before, before, rails(guards)).weights
        const { weights } = applyGuards(proposed, current, rails(guards))
        expect(simplexFault(weights, 3)).toBeUndefined()
        expect(Math.abs(weights.reduce((sum, one) => sum + one, 0) - 1)).toBeLessThan(1e-12)
        weights.forEach((weight, i) => {
          expect(weight).toBeGreaterThanOrEqual(rails(guards).floor[i]! - 1e-12)
          expect(weight).toBeLessThanOrEqual(0.6 + 1e-12)
        })
        expect(distance(weights, current)).toBeLessThanOrEqual(0.15 + 1e-12)
      }),
    )
  })
})

describe('guards that cannot be kept', () => {
  it.each([
    [{ floor: 0.5 }, /floors add up to 1\.5, but weights add up to 1; lower them/],
    [{ ceiling: 0.2 }, /ceilings add up to 0\.6, but weights must add up to 1; raise them/],
    [{ floor: { z: 0.1 } }, /names the domain "z", which the run doesn't have; it has: a, b, c/],
    [{ floor: { a: 0.5 }, ceiling: { a: 0.4 } }, /floor of "a" \(0\.5\) lies above its ceiling \(0\.4\)/],
  ])('%j are refused with a sentence', (guards, sentence) => {
    expect(checkGuards(guards, names)).toEqual([expect.stringMatching(sentence)])
  })
  it('are not those that leave one mixture', () => {
    expect(checkGuards({ floor: 1 / 3, ceiling: 1 / 3 }, names)).toEqual([])
  })
})

describe('a vector is no mixture', () => {
  it.each([
    [[0.5, 0.5], /2 weights for 3 domains/],
    [[NaN, 0.5, 0.5], /weight 0 is NaN/],
    [[-0.1, 0.6, 0.5], /weight 0 is -0\.1/],
    [[0.5, 0.5, 0.5], /add up to 1\.5/],
  ])('%j, with the reason', (weights, sentence) => {
    expect(simplexFault(weights, 3)).toMatch(sentence)
  })
})
