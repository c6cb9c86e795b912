import { describe, expect, it } from 'vitest'
import { curveOf, emptyHistory, pointsOf, withRow, type HistoryRule, type LossRow } from './loss-history.js'
import { savitzkyGolayWeights } from './savitzky-golay.js'

const rule = (changes: Partial<HistoryRule>): HistoryRule => ({
  smoothing: 'blockMean',
  firstRow: 0,
  window: 5,
  order: 2,
  most: 0,
  ...changes,
})
const rows = (count: number): readonly LossRow[] =>
  Array.from({ length: count }, (_, i) => ({ counts: [i + 1], losses: [10 - i / 7 + Math.sin(i), 5] }))
const fold = (all: readonly LossRow[], by: HistoryRule, stride: number) =>
  all.reduce((history, row) => withRow(history, row, by), emptyHistory(stride))

describe('a history of block means', () => {
  it('has a point for every full block, at the mean of its counts', () => {
    const by = rule({ firstRow: 2 })
    const { points } = fold(
      [3, 3, 4, 6, 8, 2, 9].map((loss, i) => ({ counts: [i], losses: [loss] })),
      by,
      2,
    )
    expect(points).toEqual([
      { counts: [2.5], losses: [5] },
      { counts: [4.5], losses: [5] },
    ])
  })

  it('leaves out who was absent, and has no loss for who was absent all the time', () => {
    const { points } = fold(
      [
        { counts: [1], losses: [4, null, null] },
        { counts: [2], losses: [6, 3, null] },
      ],
      rule({}),
      2,
    )
    expect(points).toEqual([{ counts: [1.5], losses: [5, 3, null] }])
    expect(curveOf(points, 2)).toEqual({ counts: [], losses: [] })
    expect(curveOf(points, 1)).toEqual({ counts: [1.5], losses: [3] })
  })

  it('stops growing: neighbours are joined and blocks double', () => {
    const history = fold(rows(1000), rule({ most: 8 }), 1)
    expect(history.points.length).toBeLessThan(8)
    expect(history.stride).toBe(128)
    const ends = fold(rows(128), rule({ most: 0 }), 128).points
    expect(history.points[0]!.counts[0]).toBeCloseTo(ends[0]!.counts[0]!, 6)
    expect(history.points[0]!.losses[0]).toBeCloseTo(ends[0]!.losses[0]!, 6)
  })

  it('joins none before there is an even number, so all blocks are as long', () => {
    const history = fold(rows(4), rule({ most: 3 }), 1)
    expect(history.points.map((point) => point.counts[0])).toEqual([1.5, 3.5])
  })
})

describe('a history under a Savitzky-Golay filter', () => {
  const by = rule({ smoothing: 'savitzkyGolay', firstRow: 1 })

  /** The whole series filtered at once, with the window's own polynomial near the ends. */
  const filtered = (all: readonly LossRow[]) =>
    all.map((_, i) => {
      const start = Math.min(Math.max(i - 2, 0), all.length - 5)
      const weights = savitzkyGolayWeights(5, 2, i - start)
      return weights.reduce((total, weight, j) => total + weight * all[start + j]!.losses[0]!, 0)
    })

  it.each([5, 6, 7, 23, 24])('of %d rows has the points of the whole series filtered at once', (count) => {
    const all = rows(count)
    const expected = filtered(all).flatMap((loss, i) => (i >= 1 && (i - 1) % 3 === 0 ? [[i + 1, loss]] : []))
    const { counts, losses } = curveOf(pointsOf(fold(all, by, 3), by), 0)
    expect(counts).toEqual(expected.map(([count]) => count))
    expected.forEach(([, loss], i) => expect(losses[i]).toBeCloseTo(loss!, 12))
  })

  it('has no point before the window is full, and keeps no more rows than that', () => {
    expect(pointsOf(fold(rows(4), by, 1), by)).toEqual([])
    expect(fold(rows(50), by, 1).recent).toHaveLength(5)
  })

  it('drops every second point where there are too many', () => {
    const thin = rule({ ...by, most: 6 })
    const all = rows(40)
    const history = fold(all, thin, 1)
    const expected = filtered(all)
    expect(history.points.length).toBeLessThan(6)
    for (const { counts, losses } of pointsOf(history, thin)) {
      expect((counts[0]! - 2) % history.stride).toBe(0)
      expect(losses[0]).toBeCloseTo(expected[counts[0]! - 1]!, 12)
    }
  })
})

describe('a history as it comes', () => {
  it('has every so many-th row', () => {
    const { points } = fold(rows(7), rule({ smoothing: 'none', firstRow: 1 }), 3)
    expect(points.map((point) => point.counts[0])).toEqual([2, 5])
  })

  it('knows counts by domain', () => {
    const points = [{ counts: [1, 0, 30], losses: [3, 4, 5] }]
    expect(curveOf(points, 2)).toEqual({ counts: [30], losses: [5] })
    expect(curveOf(points, 1)).toEqual({ counts: [], losses: [] })
  })
})
