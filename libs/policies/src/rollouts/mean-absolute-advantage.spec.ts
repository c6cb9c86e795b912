import { describe, expect, it } from 'vitest'
import { absoluteAdvantageSum, meanAbsoluteAdvantage } from './mean-absolute-advantage.js'

/** By the definition: advantages of all rollouts, then the mean of their sizes. */
function byDefinition(successes: number, rollouts: number, divisor: number, epsilon: number): number {
  const rewards = Array.from({ length: rollouts }, (_, i) => (i < successes ? 1 : 0))
  const mean = successes / rollouts
  const variance = rewards.reduce((all: number, reward) => all + (reward - mean) ** 2, 0) / divisor
  return (
    rewards.reduce((all: number, reward) => all + Math.abs(reward - mean), 0) /
    (Math.sqrt(variance) + epsilon) /
    rollouts
  )
}

describe('mean |advantage| of a prompt', () => {
  it('is 0.96825 for 8 successes of 16, and 0.46875 for 1: the deviation is the unbiased one', () => {
    expect(meanAbsoluteAdvantage(8, 16, { epsilon: 0 })).toBeCloseTo(0.96825, 5)
    expect(meanAbsoluteAdvantage(1, 16, { epsilon: 0 })).toBeCloseTo(0.46875, 5)
    expect(meanAbsoluteAdvantage(1, 16, { epsilon: 0, deviation: 'population' })).toBeCloseTo(0.48412, 5)
  })

  it('is 2·√(p(1 − p)) with the deviation of the population: 1 at one half, 0.6 at a tenth and at nine', () => {
    const of = (successes: number) =>
      meanAbsoluteAdvantage(successes, 10, { epsilon: 0, deviation: 'population' })
    expect(of(5)).toBeCloseTo(1, 14)
    expect(of(1)).toBeCloseTo(0.6, 14)
    expect(of(9)).toBeCloseTo(0.6, 14)
  })

  it('equals the advantages worked out one by one, with the 1e-6 of the published trainers', () => {
    for (const rollouts of [2, 4, 8, 16, 33]) {
      for (let successes = 1; successes < rollouts; successes++) {
        expect(meanAbsoluteAdvantage(successes, rollouts)).toBeCloseTo(
          byDefinition(successes, rollouts, rollouts - 1, 1e-6),
          13,
        )
        expect(meanAbsoluteAdvantage(successes, rollouts, { deviation: 'population' })).toBeCloseTo(
          byDefinition(successes, rollouts, rollouts, 1e-6),
          13,
        )
      }
    }
  })

  it('is 0 where all succeed, all fail, or there is one rollout', () => {
    for (const [successes, rollouts] of [
      [16, 16],
      [0, 16],
      [1, 1],
      [0, 1],
    ] as const)
      expect(meanAbsoluteAdvantage(successes, rollouts)).toBe(0)
  })

  it('is undefined for counts that are none', () => {
    for (const [successes, rollouts] of [
      [0, 0],
      [3, 2],
      [-1, 2],
      [NaN, 2],
      [1, Infinity],
    ] as const)
      expect(meanAbsoluteAdvantage(successes, rollouts)).toBeUndefined()
  })
})

describe('the sums over prompts', () => {
  it('weigh prompts by their rollouts and leave out counts that are none', () => {
    const { absAdvantageSum, rollouts } = absoluteAdvantageSum([
      [6, 8],
      [2, 16],
      [2, 2],
      [5, 0],
    ])
    expect(rollouts).toBe(26)
    expect(absAdvantageSum).toBeCloseTo(
      8 * meanAbsoluteAdvantage(6, 8)! + 16 * meanAbsoluteAdvantage(2, 16)!,
      14,
    )
  })

  it('stay below what average pass counts would say: prompts at 0 and at 1 have no advantage', () => {
    expect(
      absoluteAdvantageSum([
        [0, 16],
        [16, 16],
      ]).absAdvantageSum,
    ).toBe(0)
    expect(meanAbsoluteAdvantage(16, 32, { epsilon: 0, deviation: 'population' })).toBeCloseTo(1, 14)
  })
})
