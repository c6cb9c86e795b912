import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestFixedMixture, lossOfMixture } from './best-mixture.js'
import { drawBatch } from './draw-batch.js'
import { lossesAfter, wideWorld, worlds } from './world.js'

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

  it('drift: code gets harder between two points of training, and only code', () => {
    const at = (total: number) =>
      lossesAfter(worlds.drifting, of(total / 4)).map(
        (loss, k) => loss - lossesAfter(worlds.plain, of(total / 4))[k]!,
      )
    expect(at(10_000_000)).toEqual([0, 0, 0, 0])
    expect(at(40_000_000)[1]).toBeCloseTo(0.75, 9)
    expect(at(80_000_000)[1]).toBeCloseTo(1.5, 9)
    expect(at(80_000_000)[0]).toBeCloseTo(0, 12)
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

  it('meets the condition of an optimum: every used domain gains the same from one more token', () => {
    const { weights } = bestFixedMixture(worlds.plain, horizon)
    const gains = worlds.plain.domains.map(
      ({ scale, exponent, tokenScale }, k) =>
        (scale * exponent * (1 + (weights[k]! * horizon) / tokenScale) ** (-exponent - 1)) / tokenScale,
    )
    for (const gain of gains) expect(gain / gains[0]!).toBeCloseTo(1, 3)
  })

  it('is worth finding: in every world, uniform weights are well off it', () => {
    for (const world of Object.values(worlds)) {
      const width = world.domains.length
      const uniform = lossOfMixture(world, new Array<number>(width).fill(1 / width), horizon)
      expect(uniform - bestFixedMixture(world, horizon).loss).toBeGreaterThan(0.03)
    }
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
