import { expect, it } from 'vitest'
import { meanSignal } from './mean-signal.js'
import { rolloutStep } from './rollouts.fixture.js'

const fact = rolloutStep(1, { rollouts: [4, 0, 2], rewardSum: [3, 0, -1] })
const { rewardSum, rollouts } = fact.signals

it('is the sum over the count', () => {
  expect([0, 2].map((i) => meanSignal(fact, rewardSum, rollouts, i))).toEqual([0.75, -0.5])
})

it('is undefined for a domain that is absent, has a count of 0, or lacks a column', () => {
  expect(meanSignal(fact, rewardSum, rollouts, 1)).toBeUndefined()
  expect(meanSignal({ ...fact, present: [false, true, true] }, rewardSum, rollouts, 0)).toBeUndefined()
  expect(meanSignal(fact, undefined, rollouts, 0)).toBeUndefined()
  expect(meanSignal(fact, rewardSum, undefined, 0)).toBeUndefined()
})

it('is bounded, and never -0', () => {
  expect(meanSignal(fact, [1e300], [5e-324], 0)).toBe(1e300)
  expect(meanSignal(fact, [-0], [3], 0)).toBe(0)
  expect(meanSignal(fact, [NaN], [3], 0)).toBeUndefined()
  expect(meanSignal(fact, [Infinity], [3], 0)).toBeUndefined()
})
