import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocate, curveLoss, type Group } from './equitable-allocation.js'

const group = (
  scale: number,
  exponent: number,
  changes: Partial<Group> & { irreducible?: number } = {},
): Group => {
  const { irreducible = 0, ...rest } = changes
  return { curve: { scale, exponent, irreducible }, importance: 1, cost: 1, held: 0, cap: Infinity, ...rest }
}
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((value, i) => expect(got[i]).toBeCloseTo(value, digits))

describe('the allocation that makes the sum of losses least', () => {
  it('for b = 1, a = (4, 1) and a budget of 300 is (200, 100)', () => {
    const { samples, losses, spent } = allocate([group(4, 1), group(1, 1)], 300, 'sum')
    expectNear(samples, [200, 100], 9)
    expectNear(losses, [0.02, 0.01], 12)
    expect(spent).toBeCloseTo(300, 9)
  })

  it('follows importance, exponent and cost', () => {
    const groups = [group(4, 0.5), group(1, 0.5), group(1, 1, { cost: 2 })]
    const { samples, multiplier } = allocate(groups, 300, 'sum')
    expectNear(samples, [179.6409, 71.2905, 24.5343], 4)
    expect(multiplier! / 8.306581e-4).toBeCloseTo(1, 6)
  })

  it('with one exponent is in proportion to (importance · scale / cost)^(1/(b + 1))', () => {
    const groups = [group(2, 1, { importance: 8 }), group(9, 1, { cost: 4 })]
    const { samples } = allocate(groups, 1000, 'sum')
    expect(samples[0]! / samples[1]!).toBeCloseTo(4 / 1.5, 9)
  })

  it('keeps what is held and stops at caps; null says that every cap binds', () => {
    const groups = [
      group(4, 1, { cap: 150 }),
      group(1, 1, { held: 20 }),
      group(1, 1, { held: 5, importance: 0 }),
    ]
    expectNear(allocate(groups, 300, 'sum').samples, [150, 145, 5], 9)
    const capped = groups.map((one) => ({ ...one, cap: 150 }))
    expect(allocate(capped, 1000, 'sum')).toMatchObject({
      samples: [150, 150, 5],
      spent: 305,
      multiplier: null,
    })
  })

  it('buys nothing where the budget is spent or no curve falls', () => {
    expect(allocate([group(4, 1, { held: 50 })], 50, 'sum').samples).toEqual([50])
    expect(allocate([group(0, 1, { held: 50, irreducible: 2 })], 900, 'sum')).toMatchObject({
      samples: [50],
      losses: [2],
    })
  })
})

describe('the allocation that makes the largest loss least', () => {
  it('brings all whom the budget reaches to one level, and leaves the others as they are', () => {
    const groups = [group(4, 1), group(1, 1), group(0.001, 1, { held: 1 })]
    const { samples, level, losses } = allocate(groups, 501, 'max')
    expectNear(samples, [400, 100, 1], 9)
    expect(level).toBeCloseTo(0.01, 12)
    expect(losses[2]).toBe(0.001)
  })

  it('never comes below the largest irreducible loss, and goes on to the others where that one is capped', () => {
    const groups = [group(4, 1, { irreducible: 1 }), group(1, 1)]
    expect(allocate(groups, 1e6, 'max').level).toBeGreaterThan(1)
    const capped = [group(4, 1, { irreducible: 1, cap: 100 }), group(1, 1)]
    const { samples, level } = allocate(capped, 300, 'max')
    expectNear(samples, [100, 200], 6)
    expect(level).toBeCloseTo(1 / 200, 8)
  })
})

describe('any allocation', () => {
  const curve = fc.record({
    scale: fc.double({ min: 0.01, max: 10, noNaN: true }),
    exponent: fc.double({ min: 0.1, max: 1.5, noNaN: true }),
    irreducible: fc.double({ min: 0, max: 2, noNaN: true }),
  })
  const groups = fc.array(
    fc
      .record({
        curve,
        importance: fc.double({ min: 0.1, max: 4, noNaN: true }),
        cost: fc.double({ min: 0.1, max: 4, noNaN: true }),
        held: fc.double({ min: 0.5, max: 50, noNaN: true }),
        room: fc.option(fc.double({ min: 0, max: 500, noNaN: true })),
      })
      .map(({ room, ...rest }): Group => ({ ...rest, cap: room === null ? Infinity : rest.held + room })),
    { minLength: 1, maxLength: 6 },
  )
  const objective = fc.constantFrom('sum' as const, 'max' as const)
  const budgets = fc.double({ min: 1, max: 3000, noNaN: true })

  it('spends the whole budget unless it is spent already or every cap binds, and stays within bounds', () => {
    fc.assert(
      fc.property(groups, budgets, objective, (all, budget, aim) => {
        const { samples, spent } = allocate(all, budget, aim)
        const least = all.reduce((total, { cost, held }) => total + cost * held, 0)
        const most = all.reduce((total, { cost, cap }) => total + cost * cap, 0)
        expect(spent / Math.max(least, Math.min(budget, most))).toBeCloseTo(1, 8)
        samples.forEach((count, i) => {
          expect(count).toBeGreaterThanOrEqual(all[i]!.held)
          expect(count).toBeLessThanOrEqual(all[i]!.cap)
        })
      }),
    )
  })

  it('never takes samples away for more budget, and does not notice a common factor of importance', () => {
    fc.assert(
      fc.property(groups, budgets, objective, (all, budget, aim) => {
        const { samples } = allocate(all, budget, aim)
        const more = allocate(all, budget * 1.5, aim).samples
        const doubled = allocate(
          all.map((one) => ({ ...one, importance: 2 * one.importance })),
          budget,
          aim,
        ).samples
        samples.forEach((count, i) => {
          expect(more[i]!).toBeGreaterThanOrEqual(count * (1 - 1e-9))
          expect(doubled[i]! / count).toBeCloseTo(1, 8)
        })
      }),
    )
  })

  it('gives equal groups equal samples', () => {
    fc.assert(
      fc.property(groups, budgets, objective, ([one], budget, aim) => {
        const { samples } = allocate([one!, one!, one!], budget, aim)
        expect(samples[1]).toBe(samples[0])
        expect(samples[2]).toBe(samples[0])
      }),
    )
  })

  it('is not beaten by moving a little of its cost from one group to another', () => {
    fc.assert(
      fc.property(groups, budgets, (all, budget) => {
        const { samples } = allocate(all, budget, 'sum')
        const sumOf = (counts: readonly number[]) =>
          counts.reduce((total, count, i) => total + all[i]!.importance * curveLoss(all[i]!.curve, count), 0)
        for (let from = 0; from < all.length; from++) {
          for (let to = 0; to < all.length; to++) {
            const money = Math.min(
              1e-3,
              (samples[from]! - all[from]!.held) * all[from]!.cost,
              (all[to]!.cap - samples[to]!) * all[to]!.cost,
            )
            if (from === to || !(money > 0)) continue
            const other = samples.map((count, i) =>
              i === from ? count - money / all[i]!.cost : i === to ? count + money / all[i]!.cost : count,
            )
            expect(sumOf(other)).toBeGreaterThanOrEqual(sumOf(samples) - 1e-9)
          }
        }
      }),
    )
  })
})
