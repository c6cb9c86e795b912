import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocateByGroup, allocateExactly, type KnapsackRules, type PassRates } from './knapsack-exact.js'
import { published } from './knapsack.fixture.js'
import { knapsackValue } from './knapsack-value.js'
import { sum } from '../numerics/sum.js'

const allocate = (passRates: PassRates, rules: Partial<KnapsackRules> = {}) =>
  allocateExactly({ ...published, ...rules }, passRates)
const rollouts = (...asked: Parameters<typeof allocate>) => {
  const allocation = allocate(...asked)
  if ('refused' in allocation) throw new Error(allocation.refused)
  return allocation.rollouts
}

describe('the exact allocation', () => {
  it.each([
    [
      [0.5, 0.5],
      [8, 8],
    ],
    [
      [0.1, 0.5],
      [10, 6],
    ],
    [
      [0.1, 0.3, 0.5, 0.9],
      [14, 9, 7, 2],
    ],
    [
      [0.05, 0.1, 0.2, 0.3],
      [2, 11, 11, 8],
    ],
  ])('of 8 rollouts a prompt for pass rates %j is %j', (passRates, expected) => {
    expect(rollouts(passRates)).toEqual(expected)
  })

  it('is the best of all allocations', () => {
    const rate = fc.integer({ min: 1, max: 15 }).map((successes) => successes / 16)
    fc.assert(
      fc.property(
        fc.array(rate, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 14 }),
        (rates, extra) => {
          const totalBudget = 2 * rates.length + Math.min(extra, 6 * rates.length)
          const found = rollouts(rates, { totalBudget, maximum: 8 })
          const value = (counts: readonly number[]) =>
            sum(counts.map((count, i) => knapsackValue(count, rates[i]!)))
          let best = 0
          const search = (counts: readonly number[], left: number): void => {
            if (counts.length === rates.length) {
              if (left === 0) best = Math.max(best, value(counts))
              return
            }
            for (let count = 2; count <= Math.min(8, left); count++) search([...counts, count], left - count)
          }
          search([], totalBudget)
          expect(sum(found)).toBe(totalBudget)
          expect(Math.max(...found)).toBeLessThanOrEqual(8)
          expect(value(found)).toBeCloseTo(best, 14)
        },
      ),
    )
  })

  it('gives a prompt of unknown pass rate the average, and the others the rest', () => {
    expect(rollouts([null, 0.1, 0.5])).toEqual([8, 10, 6])
    expect(rollouts([null, null])).toEqual([8, 8])
  })

  it('gives what mixed prompts do not need to those that always failed, or else succeeded', () => {
    expect(allocate([0, 0.5, 1], { fallback: true })).toEqual({
      rollouts: [17, 5, 2],
      fallback: true,
      fallbackEffectiveRatio: 3 / 18,
    })
    expect(rollouts([0.5, 1], { fallback: true })).toEqual([5, 11])
    expect(rollouts([0, 0.5, 1], { fallback: true, maximum: 12 })).toEqual([12, 5, 7])
  })

  it('has no prompt mixed: all goes to those that always failed, or else evenly', () => {
    expect(rollouts([0, 1])).toEqual([14, 2])
    expect(rollouts([1, 1])).toEqual([8, 8])
  })

  it('lets mixed prompts keep what is left over where all are mixed', () => {
    expect(allocate([0.5, 0.5], { fallback: true })).toEqual({
      rollouts: [8, 8],
      fallback: false,
      fallbackEffectiveRatio: 1,
    })
  })

  it('refuses a budget below the minima or above the maxima in a sentence', () => {
    expect(allocate([0.5, 0.5], { totalBudget: 3 })).toEqual({
      refused: expect.stringContaining('3 rollouts is less than the 4'),
    })
    expect(allocate([0.5, 0.5], { maximum: 7 })).toEqual({
      refused: expect.stringContaining('16 rollouts is more than the 14'),
    })
  })
})

describe('the allocation by groups', () => {
  const groups = (histograms: readonly (readonly number[])[], rules: Partial<KnapsackRules> = {}) => {
    const allocation = allocateByGroup({ ...published, ...rules }, histograms)
    if ('refused' in allocation) throw new Error(allocation.refused)
    return allocation.rollouts
  }

  it('is that of prompts where every group has one prompt', () => {
    const rates = [0.125, 0.25, 0.5, 0.875]
    const histograms = rates.map((rate) => Array.from({ length: 9 }, (_, bin) => (bin === 8 * rate ? 1 : 0)))
    expect(groups(histograms)).toEqual(rollouts(rates))
  })

  it('spends at most the budget, a rollout more of a group on each of its prompts', () => {
    const histograms = [
      [0, 30, 0, 0, 0],
      [5, 0, 5, 0, 0],
    ]
    const [first, second] = groups(histograms) as [number, number]
    expect(30 * first + 10 * second).toBeLessThanOrEqual(8 * 40)
    expect(30 * first + 10 * second).toBeGreaterThan(8 * 40 - 30)
  })

  it('gives a group of which nothing is known the average, and one that is never mixed the minimum', () => {
    expect(
      groups([
        [0, 0, 0],
        [4, 0, 4],
        [0, 4, 0],
      ]),
    ).toEqual([8, 2, 20])
  })
})
