import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestFixedMixture, lossesAfter, lossOfMixture } from './best-mixture.js'
import { drawBatch } from './draw-batch.js'
import { heldOutLosses, learn, trainingLosses, untaught } from './dynamics.js'
import { expectedLesson, failureRate, failureSlope, groupLesson, passRates } from './pass-rates.js'
import type { World } from './world.js'
import { wideWorld, worlds } from './worlds.js'

const horizon = 50_000_000
const of = (n: number, width = 4) => new Array<number>(width).fill(n)

describe('worlds', () => {
  it('follow the power law: floor, scale and exponent are what they say', () => {
    const web = worlds.plain.domains[0]!
    expect(lossesAfter(worlds.plain, of(0))[0]).toBeCloseTo(web.floor + web.scale, 12)
    const n = 1e9
    const slope = Math.log(
      (lossesAfter(worlds.plain, of(2 * n))[0]! - web.floor) /
        (lossesAfter(worlds.plain, of(n))[0]! - web.floor),
    )
    expect(slope / Math.log(2)).toBeCloseTo(-web.exponent, 4)
  })

  it('transfer: code teaches mathematics more than books do', () => {
    const taught = (by: string) =>
      lossesAfter(
        worlds.transfer,
        worlds.transfer.domains.map(({ name }) => (name === by ? 1e7 : 0)),
      )[3]!
    expect(taught('math')).toBeLessThan(taught('code'))
    expect(taught('code')).toBeLessThan(taught('books'))
  })

  it('useless: the noise never falls, and teaches nothing', () => {
    const before = lossesAfter(worlds.useless, of(0, 5))
    const after = lossesAfter(worlds.useless, [0, 0, 0, 0, 1e12])
    expect(after).toEqual(before)
    expect(Math.max(...before)).toBe(before[4])
  })

  it('drift: between two points of training code gets harder and fades, and only code', () => {
    const forgetful = worlds.drifting
    const faithful = { ...forgetful, drift: { ...forgetful.drift, kept: [1, 1, 1, 1] } }
    const at = (world: World, total: number) =>
      lossesAfter(world, of(total / 4)).map((loss, k) => loss - lossesAfter(worlds.plain, of(total / 4))[k]!)
    for (const world of [faithful, forgetful])
      at(world, 10_000_000).forEach((difference) => expect(difference).toBeCloseTo(0, 9))
    expect(at(faithful, 20_000_000)[1]).toBeCloseTo(0.75, 9)
    expect(at(faithful, 80_000_000)[1]).toBeCloseTo(1.5, 9)
    expect(at(forgetful, 80_000_000)[1]).toBeGreaterThan(1.6)
    for (const k of [0, 2, 3]) expect(at(forgetful, 80_000_000)[k]).toBeCloseTo(0, 9)
  })

  it('drift: a tenth of what was learned of code before counts on, whatever the steps in between', () => {
    const { fromTokens, toTokens } = worlds.drifting.drift
    for (const steps of [1, 7]) {
      let state = learn(worlds.drifting, untaught(worlds.drifting), [0, fromTokens, 0, 0])
      for (let i = 0; i < steps; i++)
        state = learn(worlds.drifting, state, [(toTokens - fromTokens) / steps, 0, 0, 0])
      expect(state.learned[1]! / fromTokens).toBeCloseTo(0.1, 12)
      expect(state.learned[0]).toBeCloseTo(toTokens - fromTokens, 3)
    }
  })

  it('repetition: four epochs are nearly worth four, forty are not, and no number of them more than 16.4', () => {
    const { scarce } = worlds
    const worth = (epochs: number) => {
      const { learned } = learn(scarce, untaught(scarce), [0, 0, 0, epochs * 100_000])
      return learned[3]! / 100_000
    }
    expect(worth(1)).toBe(1)
    expect(worth(4)).toBeCloseTo(1 + 15.4 * (1 - Math.exp(-3 / 15.4)), 12)
    expect(worth(4)).toBeGreaterThan(3.7)
    expect(worth(41)).toBeLessThan(16)
    expect(worth(10_000)).toBeCloseTo(16.4, 6)
  })

  it('repetition: what is known by heart raises held-out loss, lowers training loss, and is forgotten', () => {
    const { scarce } = worlds
    const read = learn(scarce, untaught(scarce), [0, 0, 0, 2_000_000])
    const without = { ...read, remembered: of(0) }
    const difference = (losses: typeof heldOutLosses) =>
      losses(scarce, read)[3]! - losses(scarce, without)[3]!
    expect(difference(heldOutLosses)).toBeGreaterThan(0.5)
    expect(difference(trainingLosses)).toBeCloseTo(-difference(heldOutLosses), 9)
    const later = learn(scarce, read, [5_000_000, 0, 0, 0])
    expect(later.remembered[3]! / read.remembered[3]!).toBeCloseTo(Math.exp(-1), 12)
  })

  it('prompts: a domain is passed half of the time where skill meets its difficulty', () => {
    const { growth, tokenScale, ...rest } = worlds.prompts.domains[2]!
    const domain = { growth, tokenScale, ...rest }
    const met = tokenScale * Math.expm1(domain.difficulty / growth)
    expect(passRates(domain, met)[2]).toBeCloseTo(0.5, 12)
    expect(failureRate(domain, met)).toBeCloseTo(0.5, 12)
    expect(failureRate(domain, 2 * met)).toBeLessThan(0.5)
    const step = met / 1e6
    const slope = (failureRate(domain, met + step) - failureRate(domain, met - step)) / (2 * step)
    expect(failureSlope(domain, met) / slope).toBeCloseTo(1, 6)
  })

  it('prompts: groups that end alike teach nothing, even ones most, and the mean is that of the binomial', () => {
    expect([0, 4, 8].map((successes) => groupLesson(successes, 8))).toEqual([0, 1, 0])
    for (const rate of [0, 1e-6, 0.05, 0.5, 0.9, 1]) {
      let sum = 0
      for (let s = 0; s <= 4; s++)
        sum += [1, 4, 6, 4, 1][s]! * rate ** s * (1 - rate) ** (4 - s) * groupLesson(s, 4)
      expect(expectedLesson(rate, 4)).toBeCloseTo(sum, 12)
    }
    expect(expectedLesson(0.05, 32)).toBeGreaterThan(2 * expectedLesson(0.05, 4))
    expect(expectedLesson(0.5, 1)).toBe(0)
  })

  it('can be of any width, every name its own', () => {
    const { domains } = wideWorld(256)
    expect(new Set(domains.map(({ name }) => name)).size).toBe(256)
  })
})

describe('the best fixed mixture', () => {
  it.each(Object.values(worlds).map((world) => [world.name, world] as const))(
    'of %s is better than any other tried',
    (_, world) => {
      const best = bestFixedMixture(world, horizon)
      const even = lossOfMixture(world, of(1 / world.domains.length, world.domains.length), horizon)
      expect(even - best.loss, 'worth finding').toBeGreaterThan(0.03)
      expect(best.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
      expect(lossOfMixture(world, best.weights, horizon)).toBeCloseTo(best.loss, 12)
      const width = world.domains.length
      fc.assert(
        fc.property(
          fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: width, maxLength: width }),
          (raw) => {
            const sum = raw.reduce((total, x) => total + x, 0)
            const other = raw.map((x) => x / sum)
            expect(lossOfMixture(world, other, horizon)).toBeGreaterThanOrEqual(best.loss - 1e-9)
          },
        ),
        { numRuns: 300 },
      )
    },
  )

  it.each(['drifting', 'scarce', 'prompts'] as const)(
    'of %s, where the order of reading matters, does not hang on how finely a run is cut into steps',
    (name) => {
      const world = worlds[name]
      const even = world.domains.map(() => 1 / world.domains.length)
      const [coarse, fine] = [200, 2000].map((steps) => lossOfMixture(world, even, horizon, steps))
      expect(Math.abs(coarse! / fine! - 1)).toBeLessThan(0.003)
    },
  )

  it('meets the condition of an optimum: every used domain gains the same from one more token', () => {
    const { weights } = bestFixedMixture(worlds.plain, horizon)
    const gains = worlds.plain.domains.map(
      ({ scale, exponent, tokenScale }, k) =>
        (scale * exponent * (1 + (weights[k]! * horizon) / tokenScale) ** (-exponent - 1)) / tokenScale,
    )
    for (const gain of gains) expect(gain / gains[0]!).toBeCloseTo(1, 3)
  })

  it('gives a useless domain nothing', () => {
    expect(bestFixedMixture(worlds.useless, horizon).weights[4]).toBeLessThan(1e-6)
  })
})

describe('drawBatch', () => {
  const weights = fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 })
    .filter((all) => all.some((w) => w > 1e-6))
  const offset = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  it('adds up, and rounds each share up or down', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 1000 }), offset, (all, count, u) => {
        const counts = drawBatch(all, count, u)
        const total = all.reduce((sum, w) => sum + w, 0)
        expect(counts.reduce((sum, n) => sum + n, 0)).toBe(count)
        counts.forEach((n, k) => {
          expect(Number.isInteger(n) && n >= 0).toBe(true)
          expect(Math.abs(n - (count * all[k]!) / total)).toBeLessThan(1 + 1e-6)
        })
      }),
    )
  })

  it('is right on average', () => {
    const sums = [0, 0, 0]
    for (let i = 0; i < 1000; i++)
      drawBatch([0.51, 0.24, 0.25], 10, (i + 0.5) / 1000).forEach((n, k) => (sums[k]! += n / 10_000))
    expect(sums[0]).toBeCloseTo(0.51, 3)
    expect(sums[1]).toBeCloseTo(0.24, 3)
  })
})
