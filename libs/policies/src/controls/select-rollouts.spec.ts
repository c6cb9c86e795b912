import { describe, expect, it } from 'vitest'
import { selectRollouts } from './select-rollouts.js'

describe('rollouts that enter the update', () => {
  it('lie strictly inside a band, in float32', () => {
    const band = { rule: 'band', low: 0.2, high: 0.8 } as const
    expect(selectRollouts(band, { scores: [0, 0.2, 0.25, 0.8, 0.79, 1, NaN] })).toEqual([2, 4])
  })

  it('are a share of the batch with the largest or the smallest scores, at least one', () => {
    const scores = [0.1, 3, -2, 0.5, 7]
    const top = (fraction: number, largest = true) =>
      selectRollouts({ rule: 'topFraction', fraction, largest }, { scores })
    expect(top(0.4)).toEqual([1, 4])
    expect(top(0.4, false)).toEqual([0, 2])
    // 2.5 is rounded to even.
    expect(top(0.5)).toEqual([1, 4])
    expect(top(0.01)).toEqual([4])
  })

  it('are by GFPO the shortest of a group, or those with most reward for their length', () => {
    const rollouts = { scores: [1, 1, 0, 1, 1], groups: [0, 0, 0, 1, 1], lengths: [30, 10, 5, 9, 0] }
    expect(selectRollouts({ rule: 'gfpo', count: 1, metric: 'short' }, rollouts)).toEqual([2, 4])
    expect(selectRollouts({ rule: 'gfpo', count: 1, metric: 'efficiency' }, rollouts)).toEqual([1, 4])
    expect(selectRollouts({ rule: 'gfpo', count: 3, metric: 'short' }, rollouts)).toEqual([0, 1, 2, 3, 4])
  })

  it('vary most: equally many right and wrong ones where rewards are 0 and 1', () => {
    const half = { rule: 'largestVariance', fraction: 0.5 } as const
    expect(selectRollouts(half, { scores: [1, 1, 1, 0, 0, 1, 1, 1] })).toEqual([3, 4, 6, 7])
    // Of groups without variance the highest: no lowest member is as good as any number of them.
    expect(selectRollouts(half, { scores: [1, 1, 1, 1], groups: [0, 0, 1, 1] })).toEqual([1, 3])
    expect(selectRollouts(half, { scores: [0, 5, NaN, 1] })).toEqual([0, 1])
  })
})
