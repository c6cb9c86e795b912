import { describe, expect, it } from 'vitest'
import { mergeStep, type Observation } from './merge-step.js'

const of = (rank: number, lossSum: (number | null)[], more: Partial<Observation> = {}): Observation => ({
  step: 5,
  rank,
  tokens: lossSum.map(() => 10),
  lossSum,
  ...more,
})

describe('merging a step', () => {
  it('adds in rank order, to the bit, whoever came first', () => {
    const ranks = [of(0, [0.1]), of(1, [0.2]), of(2, [0.3]), of(3, [1e16]), of(4, [-1e16])]
    const expected = 0.1 + 0.2 + 0.3 + 1e16 - 1e16
    expect(mergeStep(5, 1, ranks).lossSum).toEqual([expected])
    expect(mergeStep(5, 1, [...ranks].reverse()).lossSum).toEqual([expected])
  })
  it('places the domains that a rank names, and marks those nobody named as absent', () => {
    const merged = mergeStep(5, 4, [of(0, [1, 2], { domains: [3, 1] }), of(1, [5], { domains: [1] })])
    expect(merged).toMatchObject({
      present: [false, true, false, true],
      lossSum: [0, 7, 0, 1],
      tokens: [0, 20, 0, 10],
      observations: 2,
    })
  })
  it('leaves a domain out for a number that was not finite, in losses or in signals', () => {
    const merged = mergeStep(5, 3, [
      of(0, [null, 1, 1], { signals: { a: [1, 1, 1] }, sequences: [1, 1, 1] }),
      of(1, [1, 1, 1], { signals: { a: [1, null, 1] }, sequences: [1, 1, 1] }),
    ])
    expect(merged).toMatchObject({
      quarantined: [0, 1],
      present: [false, false, true],
      tokens: [0, 0, 20],
      tokensRead: [20, 20, 20],
      lossSum: [0, 0, 2],
      signals: { a: [0, 0, 2] },
      sequences: [0, 0, 2],
    })
  })
  it('leaves a domain out when finite numbers add up to infinity', () => {
    expect(mergeStep(5, 1, [of(0, [1e308]), of(1, [1e308])])).toMatchObject({
      quarantined: [0],
      present: [false],
      lossSum: [0],
    })
  })
  it('keeps signals and sequences that every rank sent, and no others', () => {
    const merged = mergeStep(5, 1, [
      of(0, [1], { signals: { b: [1], a: [1], constructor: [1] }, sequences: [1] }),
      of(1, [1], { signals: { a: [2], b: [1] } }),
    ])
    expect(Object.entries(merged.signals)).toEqual([
      ['a', [3]],
      ['b', [2]],
    ])
    expect(merged.sequences).toBeUndefined()
  })
  it('is sampled under the oldest version that a rank names', () => {
    expect(
      mergeStep(5, 1, [of(0, [1], { mixtureVersion: 4 }), of(1, [1]), of(2, [1], { mixtureVersion: 3 })])
        .mixtureVersion,
    ).toBe(3)
    expect(mergeStep(5, 1, [of(0, [1])]).mixtureVersion).toBeUndefined()
  })
})
