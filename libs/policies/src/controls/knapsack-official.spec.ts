import { describe, expect, it } from 'vitest'
import type { KnapsackRules, PassRates } from './knapsack-exact.js'
import { published } from './knapsack.fixture.js'
import { allocateOfficially } from './knapsack-official.js'
import { knapsackValue } from './knapsack-value.js'
import { sum } from '../numerics/sum.js'

const allocate = (passRates: PassRates, rules: Partial<KnapsackRules> = {}) =>
  allocateOfficially({ ...published, ...rules }, passRates)
const rollouts = (...asked: Parameters<typeof allocate>) => {
  const allocation = allocate(...asked)
  if ('refused' in allocation) throw new Error(allocation.refused)
  return allocation.rollouts
}

describe('the official program', () => {
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
      [14, 9, 6, 3],
    ],
    [
      [0.05, 0.1, 0.2, 0.3],
      [3, 11, 10, 8],
    ],
    [
      [0, 0.1, 1],
      [2, 20, 2],
    ],
    [
      [0, 1],
      [14, 2],
    ],
    [
      [1, 1],
      [8, 8],
    ],
    [
      [0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0, 1],
      [18, 14, 10, 7, 8, 3, 2, 2],
    ],
  ])('gives pass rates %j the rollouts %j', (passRates, expected) => {
    expect(rollouts(passRates)).toEqual(expected)
  })

  it('with fallback gives what mixed prompts do not need to those that always failed', () => {
    expect(allocate([0, 0.5, 1], { fallback: true })).toEqual({
      rollouts: [17, 5, 2],
      fallback: true,
      fallbackEffectiveRatio: 3 / 18,
    })
  })

  it('counts a prompt of unknown pass rate as all wrong when rollouts are left over', () => {
    expect(rollouts([null, 0.5], { fallback: true })).toEqual([11, 5])
    expect(rollouts([null, 1])).toEqual([14, 2])
  })

  it('fails with every prompt mixed and rollouts left over, which here is a sentence', () => {
    expect(allocate([0.5, 0.5], { fallback: true })).toEqual({
      refused: expect.stringMatching(/^The official program gives out 10 rollouts of 16 .*\.$/),
    })
    expect(allocate([0.5, 0.5], { totalBudget: 3 })).toEqual({
      refused: expect.stringContaining('less than the 4'),
    })
  })

  it('exceeds the maximum where the budget does', () => {
    expect(rollouts([0.5, 0.1], { maximum: 6 })).toEqual([8, 8])
    expect(rollouts([0.5, 0.1], { maximum: 2 })).toEqual([8, 8])
  })

  it('pulls every mixed prompt to one extra rollout, so that its sum is at most the optimum', () => {
    const rates = [0.05, 0.1, 0.2, 0.3]
    const value = (counts: readonly number[]) =>
      sum(counts.map((count, i) => knapsackValue(count, rates[i]!)))
    expect(value(rollouts(rates))).toBeLessThan(value([2, 11, 11, 8]))
  })

  it('finds an allocation as good by the greedy rule where the program would take too long', () => {
    const rates = Array.from({ length: 900 }, (_, i) => (1 + (i % 15)) / 16)
    const large = rollouts(rates)
    expect(sum(large)).toBe(8 * 900)
    // The same problem 60 times over, solved by the program once.
    const small = rollouts(rates.slice(0, 15))
    const value = (counts: readonly number[]) =>
      sum(counts.map((count, i) => (count > 2 ? knapsackValue(count, rates[i]!) : 0)))
    expect(value(large)).toBeGreaterThanOrEqual(60 * value(small) - 1e-9)
    expect(allocate(rates, { minimum: 0 })).toEqual({
      refused: expect.stringContaining('more than 100000000'),
    })
  })
})
