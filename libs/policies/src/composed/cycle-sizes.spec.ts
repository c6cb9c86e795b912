import { describe, expect, it } from 'vitest'
import { cycleSizes, oneCycle } from './cycle-sizes.js'

const integers = {
  form: 'integers',
  samples: 100,
  start: 0.25,
  end: 1,
  multiplier: 0.5,
  strategy: 'cycle',
  startIncreasing: true,
  totalSamples: 400,
} as const

describe('fractions', () => {
  it('go up and down between start and end until they add up, with the published defaults', () => {
    expect(cycleSizes({ form: 'fractions', start: 0.25, end: 1, alpha: 0.5, epochs: 5 })).toEqual([
      0.25, 0.5, 1, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5,
    ])
  })

  it('are cut off at both ends where the steps do not meet them', () => {
    const sizes = cycleSizes({ form: 'fractions', start: 0.2, end: 0.9, alpha: 0.7, epochs: 6 })!
    expect(sizes.slice(4, 7)).toEqual([0.8329862557267808, 0.9, 0.63])
    expect(sizes.slice(9, 12)).toEqual([0.21608999999999992, 0.2, 0.28571428571428575])
  })

  it('repeat the turn that starts at the start', () => {
    expect(oneCycle({ start: 0.25, end: 1, alpha: 0.5 })).toEqual([0.25, 0.5, 1, 0.5])
    expect(oneCycle({ start: 1, end: 1, alpha: 0.5 })).toEqual([1])
    const turn = oneCycle({ start: 0.2, end: 0.9, alpha: 0.7 })!
    const sizes = cycleSizes({ form: 'fractions', start: 0.2, end: 0.9, alpha: 0.7, epochs: 30 })!
    expect(sizes).toEqual(sizes.map((_, i) => turn[i % turn.length]))
  })

  it('stay where they are at an alpha of 1, and never add up from nothing', () => {
    expect(cycleSizes({ form: 'fractions', start: 0.5, end: 1, alpha: 1, epochs: 2 })).toEqual([
      0.5, 0.5, 0.5, 0.5,
    ])
    expect(cycleSizes({ form: 'fractions', start: 0, end: 1, alpha: 0.5, epochs: 2 })).toBeUndefined()
    expect(oneCycle({ start: 0.5, end: 1, alpha: 1 })).toEqual([0.5])
  })
})

describe('integers', () => {
  it('round up in cycles, and shrink from the size before it was bounded', () => {
    // 30, 42.86 → 43, 61.4 → 62, 88.6 → 89, 127.1 → 128 (100), 128·0.7 = 89.6 → 90, …
    expect(cycleSizes({ ...integers, start: 0.3, multiplier: 0.7, totalSamples: 450 })).toEqual([
      30, 43, 62, 89, 100, 90, 63,
    ])
  })

  it('fall to the smallest at once in a sharp cycle', () => {
    expect(cycleSizes({ ...integers, strategy: 'sharp_cycle' })).toEqual([25, 50, 100, 25, 50, 100, 25, 50])
  })

  it('can start by shrinking', () => {
    expect(cycleSizes({ ...integers, start: 1, end: 0.3, startIncreasing: false })).toEqual([
      100, 50, 30, 50, 100, 50, 30,
    ])
    expect(
      cycleSizes({ ...integers, strategy: 'sharp_cycle', startIncreasing: false, totalSamples: 200 }),
    ).toEqual([25, 25, 50, 100])
  })

  it('truncate where they go one way, and stay at the end', () => {
    const up = { ...integers, start: 0.15, multiplier: 0.6, strategy: 'lower_to_bigger' } as const
    expect(cycleSizes(up)).toEqual([15, 25, 41, 68, 100, 100, 100])
    const down = { ...integers, start: 1, end: 0.15, multiplier: 0.6, strategy: 'bigger_to_lower' } as const
    expect(cycleSizes({ ...down, totalSamples: 260 })).toEqual([100, 60, 36, 21, 15, 15, 15])
  })

  it('never add up where they shrink to nothing', () => {
    expect(cycleSizes({ ...integers, start: 0.5, end: 0, strategy: 'bigger_to_lower' })).toBeUndefined()
  })
})

describe('repeated sizes', () => {
  it('come in full blocks, capped at everything', () => {
    const up = { form: 'repeated', direction: 'lower_to_bigger', edge: 0.4, repeat: 2, alpha: 0.5 } as const
    expect(cycleSizes({ ...up, epochs: 4 })).toEqual([0.4, 0.4, 0.8, 0.8, 1, 1])
  })

  it('shrink from everything to the edge', () => {
    const down = { form: 'repeated', direction: 'bigger_to_lower', edge: 0.4, repeat: 1, alpha: 0.5 } as const
    expect(cycleSizes({ ...down, epochs: 2.2 })).toEqual([1, 0.5, 0.4, 0.4])
  })

  it('never add up when repeated zero times', () => {
    const never = { form: 'repeated', direction: 'lower_to_bigger', edge: 1, repeat: 0, alpha: 1 } as const
    expect(cycleSizes({ ...never, epochs: 1 })).toBeUndefined()
    expect(cycleSizes({ ...never, epochs: 0 })).toEqual([])
  })
})

it('cumulative sizes add one part after the other', () => {
  expect(cycleSizes({ form: 'cumulative', weights: [1, 2, 1], epochs: [1, 0, 2] })).toEqual([0.25, 1, 1])
  expect(cycleSizes({ form: 'cumulative', weights: [1, 2], epochs: [1] })).toBeUndefined()
  expect(cycleSizes({ form: 'cumulative', weights: [0, 0], epochs: [1, 1] })).toBeUndefined()
})
