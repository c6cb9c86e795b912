import { expect, it } from 'vitest'
import {
  informationGain,
  informationGains,
  knapsackValue,
  marginalValue,
  mixedChance,
  rolloutsNeeded,
} from './knapsack-value.js'

it('gives the values of the specification', () => {
  expect(knapsackValue(2, 0.5)).toBe(0.0625)
  expect(knapsackValue(8, 0.5)).toBeCloseTo(0.124023, 6)
  expect(knapsackValue(8, 0.1)).toBeCloseTo(0.046132, 6)
  expect(knapsackValue(128, 0.01)).toBeCloseTo(0.007093, 6)
})

it('teaches most at a pass rate of one third', () => {
  expect(informationGain(1 / 3, 'p(1-p)^2')).toBeCloseTo(4 / 27, 15)
  expect(informationGain(0.5, 'p(1-p)')).toBe(0.25)
  expect(informationGain(0.5, 'p(1-p)^3')).toBe(0.0625)
})

it('estimates the rollouts that a prompt needs', () => {
  const needed = (rate: number) => rolloutsNeeded(rate, 'probability', 0.9)
  expect([0.5, 0.1, 0.9, 0.01].map((rate) => Number(needed(rate).toPrecision(4)))).toEqual([
    3.322, 21.85, 21.85, 229.1,
  ])
  const expected = (rate: number) => Number(rolloutsNeeded(rate, 'expectation', 0.9).toPrecision(5))
  expect([0.5, 0.1, 0.01].map(expected)).toEqual([3, 10.111, 100.01])
})

it('adds by every rollout what the value says, and less with each', () => {
  for (const gain of informationGains) {
    for (const rate of [0.01, 0.3, 0.5, 0.97]) {
      let last = Infinity
      for (let rollouts = 1; rollouts < 60; rollouts++) {
        const added = marginalValue(rollouts, rate, gain)
        const difference = knapsackValue(rollouts + 1, rate, gain) - knapsackValue(rollouts, rate, gain)
        expect(added).toBeCloseTo(difference, 15)
        expect(added).toBeLessThan(last)
        last = added
      }
    }
  }
})

it('keeps its digits for rare successes and rare failures, and is 0 for certain ones', () => {
  expect(mixedChance(10, 1e-17)).toBeCloseTo(1e-16, 30)
  expect(mixedChance(10, 1 - 2 ** -53)).toBeCloseTo(10 * 2 ** -53, 25)
  expect([mixedChance(9, 0), mixedChance(9, 1), mixedChance(1, 0.3), mixedChance(0, 0.3)]).toEqual([
    0, 0, 0, 0,
  ])
  expect(marginalValue(5000, 0.5, 'p(1-p)^2')).toBe(0)
})
