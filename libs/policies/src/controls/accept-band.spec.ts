import { describe, expect, it } from 'vitest'
import { acceptedSuccesses, fillBatch, isAccepted } from './accept-band.js'

const band = { low: 0.2, high: 0.8, open: false }
const kept = (rollouts: number, given = band) =>
  acceptedSuccesses(given, rollouts).flatMap((is, successes) => (is ? [successes] : []))

describe('the band', () => {
  it('keeps 4 to 12 of 16 between 0.2 and 0.8', () => {
    expect(kept(16)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect([3 / 16, 13 / 16]).toEqual([0.1875, 0.8125])
  })

  it('keeps nothing of a single rollout', () => {
    for (const low of [1e-6, 0.2, 0.5]) expect(kept(1, { low, high: 1 - low, open: false })).toEqual([])
  })

  it('does not change when right and wrong change places, where it is balanced', () => {
    for (const rollouts of [4, 5, 10, 16, 64])
      for (const open of [true, false]) {
        const accepted = acceptedSuccesses({ low: 0.3, high: 0.7, open }, rollouts)
        expect([...accepted].reverse()).toEqual(accepted)
      }
  })

  it('counts whole numbers at its bounds, where rates miss them', () => {
    expect(0.07 * 100).toBeGreaterThan(7)
    for (const [low, successes, rollouts] of [
      [0.07, 7, 100],
      [0.2, 3, 15],
      [0.3, 3, 10],
    ] as const) {
      const at = { low, high: 1 - low, open: false }
      const wide = { low, high: 1, open: false }
      expect(isAccepted(wide, successes, rollouts)).toBe(true)
      expect(isAccepted({ ...wide, open: true }, successes, rollouts)).toBe(false)
      expect(isAccepted(at, rollouts - successes, rollouts)).toBe(true)
    }
  })

  it('is the dynamic sampling of DAPO when open from 0 to 1', () => {
    expect(kept(4, { low: 0, high: 1, open: true })).toEqual([1, 2, 3])
    expect(isAccepted(band, 0, 0)).toBe(false)
  })
})

describe('filling a batch', () => {
  const accepted = [false, true, true, false, false, true, true, true]
  const fill = (batch: number, maxRefill: number) =>
    fillBatch(accepted, { batch, promptsPerRound: 3, maxRefill })

  it('takes the first accepted prompts, round after round', () => {
    expect(fill(2, 9)).toEqual({ batch: [1, 2], rounds: 1, full: true })
    expect(fill(3, 9)).toEqual({ batch: [1, 2, 5], rounds: 2, full: true })
  })

  it('ends after the refills that are allowed, or with the prompts', () => {
    expect(fill(4, 1)).toEqual({ batch: [1, 2, 5], rounds: 2, full: false })
    expect(fill(9, 9)).toEqual({ batch: [1, 2, 5, 6, 7], rounds: 3, full: false })
  })
})
