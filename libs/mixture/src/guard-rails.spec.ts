import { describe, expect, it } from 'vitest'
import { applyGuards, impossibility, resolveGuards, simplexFault, type GuardedDomain } from './guard-rails.js'
import { entropyOf } from './box.js'

const domains: readonly GuardedDomain[] = [
  { name: 'a', tokens: 100 },
  { name: 'b', tokens: 1000 },
  { name: 'c', tokens: 1000 },
]
type Given = Parameters<typeof resolveGuards>[0]
const rails = (guards: Given, tokens?: number) =>
  resolveGuards(guards, domains, 10, tokens === undefined ? undefined : { tokens })
const apply = (
  proposed: readonly number[],
  current: readonly number[],
  guards: Given,
  { horizon, tokensRead }: { horizon?: number; tokensRead?: readonly number[] } = {},
) => applyGuards(proposed, current, rails(guards, horizon), { domains, tokensRead })
const expectClose = (weights: readonly number[], expected: readonly number[]) =>
  weights.forEach((weight, i) => expect(weight).toBeCloseTo(expected[i]!, 12))

describe('guard rails', () => {
  it('leave an allowed mixture as it is', () => {
    expect(apply([0.2, 0.3, 0.5], [0.3, 0.3, 0.4], {})).toEqual({ weights: [0.2, 0.3, 0.5], bites: [] })
    expect(apply([0, 0, 1], [1, 0, 0], {}).bites).toEqual([])
  })
  it('bite in their order, each beginning where the one before ended', () => {
    const guards = {
      ceiling: 0.9,
      repetitionCap: { epochs: { a: 1 } },
      entropyFloor: { nats: 1.08 },
      largestChange: 0.1,
    }
    const { weights, bites } = apply([1, 0, 0], [0.2, 0.4, 0.4], guards, {
      tokensRead: [95, 0, 5],
      horizon: 110,
    })
    expect(bites.map((bite) => bite.guard)).toEqual([
      'floorAndCeiling',
      'repetitionCap',
      'entropyFloor',
      'largestChange',
    ])
    expect(bites[0]!.before).toEqual([1, 0, 0])
    bites.slice(1).forEach((bite, i) => expect(bite.before).toEqual(bites[i]!.after))
    expect(bites.at(-1)!.after).toEqual(weights)
    for (const bite of bites) expect(bite.because).toMatch(/^[A-Z].*\.$/)
  })
})

describe('floors and ceilings', () => {
  it('move a mixture into the box to the nearest one, and say so', () => {
    const { weights, bites } = apply([0.8, 0.2, 0], [0.4, 0.3, 0.3], { floor: { c: 0.1 }, ceiling: 0.6 })
    expect(bites).toMatchObject([{ guard: 'floorAndCeiling', before: [0.8, 0.2, 0], after: weights }])
    expectClose(weights, [0.6, 0.3, 0.1])
  })
})

describe('the largest change', () => {
  it('in all cuts the way, and says so', () => {
    for (const largestChange of [0.5, { total: 0.5 }]) {
      const { weights, bites } = apply([1, 0, 0], [0, 1, 0], { largestChange })
      expect(weights).toEqual([0.25, 0.75, 0])
      expect(bites).toEqual([
        {
          guard: 'largestChange',
          because: 'The change of 2 was cut to 0.5.',
          before: [1, 0, 0],
          after: [0.25, 0.75, 0],
        },
      ])
    }
  })
  it('of a domain leaves the others the nearest mixture, and says whose it was', () => {
    const { weights, bites } = apply([0.6, 0.3, 0.1], [0.2, 0.4, 0.4], {
      largestChange: { perDomain: { a: 0.1 } },
    })
    expectClose(weights, [0.3, 0.45, 0.25])
    expect(bites).toMatchObject([
      { guard: 'largestChange', because: 'The change of "a" by 0.4 was cut to 0.1.' },
    ])
  })
  it('of every domain and in all holds both', () => {
    const largestChange = { total: 0.15, perDomain: 0.1 }
    const { weights, bites } = apply([0.6, 0.3, 0.1], [0.2, 0.4, 0.4], { largestChange })
    expectClose(weights, [0.275, 0.4, 0.325])
    expect(bites[0]!.because).toBe(
      'The change of 0.8 was cut to 0.15, of "a" by 0.4 was cut to 0.1, of "c" by 0.3 was cut to 0.1.',
    )
  })
  it('of 0 keeps a domain where it is', () => {
    const { weights } = apply([0.6, 0.3, 0.1], [0.2, 0.4, 0.4], { largestChange: { perDomain: { b: 0 } } })
    expectClose(weights, [0.55, 0.4, 0.05])
  })
  it('lets the box win where the mixture before lies outside it, and says so', () => {
    const { weights, bites } = apply([0.2, 0.4, 0.4], [1, 0, 0], { floor: 0.2, largestChange: 0.1 })
    expectClose(weights, [0.6, 0.2, 0.2])
    expect(bites[0]!.because).toBe(
      'The change of 1.6 was to be cut to 0.1, but the mixture before lies outside what the other guard rails allow, which goes first: it is 0.8.',
    )
  })
  it('is kept coming back from outside the box where it can be', () => {
    const { weights, bites } = apply([0.2, 0.2, 0.6], [0.7, 0.2, 0.1], { ceiling: 0.6, largestChange: 0.5 })
    expectClose(weights, [0.45, 0.23125, 0.31875])
    expect(bites).toMatchObject([{ because: 'The change of 1 was cut to 0.5.' }])
  })
  it('does not end below the entropy floor on the way', () => {
    // Projected onto the limits of single domains, this would gather more in "a" than either end of the way.
    const guards = { entropyFloor: { nats: 0.99 }, largestChange: { perDomain: { c: 0.01 } } }
    const { weights } = apply([0.5, 0.1, 0.4], [0.5, 0.3, 0.2], guards)
    expect(Math.abs(weights[2]! - 0.2)).toBeLessThanOrEqual(0.01 + 1e-12)
    expect(entropyOf(weights)).toBeGreaterThanOrEqual(0.99 - 1e-12)
  })
})

describe('the repetition cap', () => {
  const guards = { repetitionCap: { epochs: { a: 2 } } }
  it('spreads what is left over the rest of the horizon', () => {
    // 200 tokens of "a" may be read, 80 have been: 120 are left for the 800 that the run still reads.
    const { weights, bites } = apply([0.5, 0.25, 0.25], [0.5, 0.25, 0.25], guards, {
      horizon: 1000,
      tokensRead: [80, 60, 60],
    })
    expectClose(weights, [0.15, 0.425, 0.425])
    expect(bites).toMatchObject([
      {
        guard: 'repetitionCap',
        because:
          'What is left to read caps "a" at 0.15 (120 tokens left); the nearest mixture inside took the place.',
        before: [0.5, 0.25, 0.25],
      },
    ])
  })
  it('never lets more be read than allowed, whatever is proposed, and uses all of it where everything is capped', () => {
    const capped = { repetitionCap: { epochs: 1 } }
    let tokensRead: readonly number[] = [0, 0, 0]
    let weights: readonly number[] = [1 / 3, 1 / 3, 1 / 3]
    for (let step = 0; step < 210; step++) {
      weights = apply([Math.abs(Math.sin(step)), 1 - Math.abs(Math.sin(step)), 0], weights, capped, {
        horizon: 2100,
        tokensRead,
      }).weights
      tokensRead = tokensRead.map((read, i) => read + 10 * weights[i]!)
    }
    tokensRead.forEach((read, i) => expect(read).toBeCloseTo(domains[i]!.tokens!, 6))
  })
  it('without a horizon leaves a domain free until it is used up, and then takes it out', () => {
    const before = apply([0.5, 0.25, 0.25], [0.5, 0.25, 0.25], guards, { tokensRead: [199, 1, 1] })
    expect(before.bites).toEqual([])
    const after = apply([0.5, 0.25, 0.25], [0.5, 0.25, 0.25], guards, { tokensRead: [200, 1, 1] })
    expectClose(after.weights, [0, 0.5, 0.5])
    expect(after.bites[0]!.because).toContain('"a" at 0 (used up)')
  })
  it('past the horizon takes out what is used up and leaves the rest free', () => {
    const read = { horizon: 1000, tokensRead: [150, 500, 500] }
    expect(apply([0.5, 0.25, 0.25], [0.5, 0.25, 0.25], guards, read).bites).toEqual([])
    expect(
      apply([0.5, 0.25, 0.25], [0.5, 0.25, 0.25], guards, { ...read, tokensRead: [200, 500, 500] })
        .weights[0],
    ).toBe(0)
  })
  it('goes before a floor and before the largest change', () => {
    const { weights, bites } = apply(
      [0.4, 0.3, 0.3],
      [0.4, 0.3, 0.3],
      { ...guards, floor: 0.1, largestChange: { total: 0.1, perDomain: 0.05 } },
      { tokensRead: [200, 0, 0] },
    )
    expectClose(weights, [0, 0.5, 0.5])
    expect(bites.map((bite) => bite.guard)).toEqual(['repetitionCap', 'largestChange'])
    expect(bites[1]!.because).toMatch(/was to be cut .*, which goes first: it is 0\.8\.$/)
  })
  it('leaves a mixture alone once a domain with a floor is out', () => {
    const used = { ...guards, floor: 0.1, ceiling: { b: 0.6 } }
    expect(apply([0, 0.6, 0.4], [0, 0.6, 0.4], used, { tokensRead: [200, 0, 0] }).bites).toEqual([])
  })
  it('says when nothing is left, or nothing that the ceilings allow', () => {
    const all = rails({ repetitionCap: { epochs: 1 } })
    expect(impossibility(all, [100, 999, 1000])).toBeUndefined()
    expect(impossibility(all, [100, 1000, 1200])).toMatch(/^Every domain has been read as often as .*\.$/)
    expect(impossibility(rails({ repetitionCap: { epochs: 1 }, ceiling: 0.6 }), [100, 999, 1000])).toMatch(
      /^The repetition cap and the ceilings together allow no mixture any more: they add up to 0\.6; .*\.$/,
    )
    expect(impossibility(rails({}), undefined)).toBeUndefined()
  })
})

describe('the entropy floor', () => {
  it.each([{ nats: 0.9 }, { share: 0.9 / Math.log(3) }])(
    '%j evens out exactly as far as needed',
    (entropyFloor) => {
      const { weights, bites } = apply([0.9, 0.1, 0], [0.4, 0.3, 0.3], { entropyFloor })
      expect(entropyOf(weights)).toBeCloseTo(0.9, 12)
      // On the straight way to the even mixture.
      const share = (weights[0]! - 0.9) / (1 / 3 - 0.9)
      expectClose(
        weights,
        [0.9, 0.1, 0].map((weight) => weight + share * (1 / 3 - weight)),
      )
      expect(bites).toMatchObject([{ guard: 'entropyFloor', before: [0.9, 0.1, 0], after: weights }])
      expect(bites[0]!.because).toBe(
        'The entropy of 0.3251 lay below 0.9; the mixture was evened out as far as needed.',
      )
    },
  )
  it('stays between floors and ceilings', () => {
    const guards = { ceiling: { c: 0.1 }, entropyFloor: { nats: 0.94 } }
    const { weights } = apply([0.9, 0.1, 0], [0.4, 0.5, 0.1], guards)
    expect(weights[2]).toBeLessThanOrEqual(0.1)
    expect(entropyOf(weights)).toBeCloseTo(0.94, 12)
  })
  it('of one is the even mixture', () => {
    expectClose(apply([0.9, 0.1, 0], [1, 0, 0], { entropyFloor: { share: 1 } }).weights, [
      1 / 3,
      1 / 3,
      1 / 3,
    ])
  })
  it('gives way to the repetition cap, with the most even mixture there is', () => {
    const guards = { entropyFloor: { share: 0.9 }, repetitionCap: { epochs: { a: 1 } } }
    const { weights, bites } = apply([0.3, 0.6, 0.1], [0.3, 0.6, 0.1], guards, { tokensRead: [100, 0, 0] })
    expectClose(weights, [0, 0.5, 0.5])
    expect(bites[1]!.because).toMatch(/lay below 0\.9888, which what is left to read no longer allows/)
  })
  it('goes before the largest change where the mixture before lies below it', () => {
    const guards = { entropyFloor: { nats: 0.9 }, largestChange: 0.1 }
    const { weights, bites } = apply([0.3, 0.4, 0.3], [1, 0, 0], guards)
    expect(entropyOf(weights)).toBeCloseTo(0.9, 9)
    expect(bites).toMatchObject([
      { guard: 'largestChange', because: expect.stringContaining('goes first') as string },
    ])
  })
})

describe('a vector is no mixture', () => {
  it.each([
    [[0.5, 0.5], /2 weights for 3 domains/],
    [[NaN, 0.5, 0.5], /weight 0 is NaN/],
    [[-0.1, 0.6, 0.5], /weight 0 is -0\.1/],
    [[0.5, 0.5, 0.5], /add up to 1\.5/],
  ])('%j, with the reason', (weights, sentence) => {
    expect(simplexFault(weights, 3)).toMatch(sentence)
  })
})
