import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pushChunk, windowCount, windowMean, windowSlope, type ChunkWindow } from './chunk-window.js'

const rule = { size: 10, joinsEqual: false }
const filled = (size: number, ...chunks: readonly (readonly [count: number, mean: number])[]) =>
  chunks.reduce<ChunkWindow>((window, [count, mean]) => pushChunk(window, count, mean, { ...rule, size }), [])

/** Ordinary least-squares slope of values on their place. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const over = values.reduce((all, value, i) => all + (i - middle) * (value - mean), 0)
  return over / values.reduce((all, _, i) => all + (i - middle) ** 2, 0)
}

describe('a window of chunks', () => {
  it('holds the last values and cuts the oldest chunk to make room', () => {
    expect(filled(10, [6, 1], [3, 2])).toEqual([6, 1, 3, 2])
    expect(filled(10, [6, 1], [3, 2], [4, 3])).toEqual([3, 1, 3, 2, 4, 3])
    expect(filled(10, [6, 1], [3, 2], [7, 3])).toEqual([3, 2, 7, 3])
  })

  it('is replaced by a chunk that fills it', () => {
    expect(filled(10, [6, 1], [10, 2])).toEqual([10, 2])
    expect(filled(10, [6, 1], [1e300, 2])).toEqual([10, 2])
  })

  it('joins equal neighbours only where told to', () => {
    expect(pushChunk([2, 5], 3, 5, { size: 10, joinsEqual: true })).toEqual([5, 5])
    expect(pushChunk([2, 5], 3, 5, rule)).toEqual([2, 5, 3, 5])
  })

  it('never changes the window it is given', () => {
    const window = Object.freeze([6, 1, 3, 2])
    pushChunk(window, 4, 3, rule)
    expect(window).toEqual([6, 1, 3, 2])
  })

  it('never holds more chunks than values fit in, nor more than 4,096, however small they are', () => {
    let window: ChunkWindow = []
    for (let i = 0; i < 50; i++) window = pushChunk(window, 5e-324, i, rule)
    expect(window.length / 2).toBe(10)
    let long: ChunkWindow = []
    for (let i = 0; i < 4200; i++) long = pushChunk(long, 1, i % 7, { size: 1e6, joinsEqual: false })
    expect(long.length / 2).toBe(4096)
    expect(windowCount(long)).toBe(4200)
    expect(windowMean(long)).toBeCloseTo(3, 10)
  })

  it('is the window of values itself when every chunk has one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<number>(-2, -0.5, 0, 1, 1.5), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        (values, size, joinsEqual) => {
          const window = values.reduce<ChunkWindow>(
            (w, value) => pushChunk(w, 1, value, { size, joinsEqual }),
            [],
          )
          const last = values.slice(-size)
          expect(windowCount(window)).toBe(last.length)
          expect(windowMean(window)).toBeCloseTo(last.reduce((a, b) => a + b, 0) / last.length, 12)
          if (last.length > 1 && !joinsEqual) expect(windowSlope(window)).toBeCloseTo(slopeOf(last), 12)
        },
      ),
    )
  })
})

describe('statistics of a window', () => {
  it('are 0 while it is empty, and a slope needs two chunks', () => {
    expect(windowMean([])).toBe(0)
    expect(windowSlope([])).toBe(0)
    expect(windowSlope([50, 3])).toBe(0)
  })

  it('find the slope of a line however its values are divided into chunks', () => {
    const line = (from: number, count: number): readonly [number, number] => [
      count,
      3 - 0.25 * (from + (count - 1) / 2),
    ]
    expect(windowSlope(filled(40, line(0, 3), line(3, 11), line(14, 1), line(15, 6)))).toBeCloseTo(-0.25, 14)
    expect(windowMean(filled(40, line(0, 3), line(3, 11), line(14, 1), line(15, 6)))).toBeCloseTo(0.5, 14)
  })

  it('stay finite for values and counts of any size', () => {
    for (const window of [
      [1, 1e300, 1, -1e300],
      [5e-324, 1e300, 5e-324, 1],
      [1e15, 1e300, 5e-324, -1e300],
    ]) {
      expect(Number.isFinite(windowMean(window))).toBe(true)
      expect(Number.isFinite(windowSlope(window))).toBe(true)
    }
  })
})
