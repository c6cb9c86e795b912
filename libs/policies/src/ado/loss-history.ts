import type { LossCurve } from './ado-fit.js'
import { savitzkyGolayWeights } from './savitzky-golay.js'

/** Losses at one place of a run against the data seen by then. `counts` has one number where all domains share their count. */
export type LossRow = { readonly counts: readonly number[]; readonly losses: readonly (number | null)[] }

/** A run's losses, smoothed and thinned, as plain JSON. It grows to `most` points and stays there. */
export type LossHistory = {
  /** Rows so far. */
  readonly rows: number
  /** Rows between two points. */
  readonly stride: number
  readonly points: readonly LossRow[]
  /** The last rows as they came, as many as the filter's window (Savitzky-Golay only). */
  readonly recent: readonly LossRow[]
  /** Sums of the block that is not full yet: rows, counts, losses, and how many losses each is of (block means only). */
  readonly block: Block | null
}

type Block = {
  readonly rows: number
  readonly counts: readonly number[]
  readonly losses: readonly number[]
  readonly seen: readonly number[]
}

export type HistoryRule = {
  readonly smoothing: 'blockMean' | 'savitzkyGolay' | 'none'
  /** The first row that becomes a point, from 0. */
  readonly firstRow: number
  readonly window: number
  readonly order: number
  /** How many points are kept; 0 keeps all. */
  readonly most: number
}

export const emptyHistory = (stride: number): LossHistory => ({
  rows: 0,
  stride,
  points: [],
  recent: [],
  block: null,
})

/**
 * Folds the next row in. Points are, by `smoothing`:
 * - `blockMean`: means over blocks of `stride` rows; where there are too many, neighbours are joined and blocks double.
 *   Causal, every row counts once, and nothing of it lags, for the counts are averaged too.
 * - `savitzkyGolay`: every stride-th row of the filtered series; half a window late, since the filter looks ahead.
 *   Where there are too many, every second one goes.
 * - `none`: every stride-th row as it came, thinned likewise.
 * O(domains), and a pass over a window where the filter gives a point.
 */
export function withRow(history: LossHistory, row: LossRow, rule: HistoryRule): LossHistory {
  const rows = history.rows + 1
  switch (rule.smoothing) {
    case 'blockMean':
      return withBlockRow({ ...history, rows }, row, rule)
    case 'none': {
      const next = { ...history, rows }
      return isPoint(next, rule, rows - 1) ? withPoint(next, row, rule) : next
    }
    case 'savitzkyGolay': {
      const recent = [...history.recent.slice(-(rule.window - 1)), row]
      let next: LossHistory = { ...history, rows, recent }
      const half = (rule.window - 1) / 2
      // The first full window gives its first half at once; from then on every row gives the one in the middle.
      for (let place = rows === rule.window ? 0 : half; rows >= rule.window && place <= half; place++) {
        if (isPoint(next, rule, rows - rule.window + place)) {
          next = withPoint(next, filtered(recent, rule, place), rule)
        }
      }
      return next
    }
  }
}

/** What a fit may use of one domain: its losses against the data seen by then. */
export function curveOf(points: readonly LossRow[], domain: number): LossCurve {
  const counts: number[] = []
  const losses: number[] = []
  for (const point of points) {
    const loss = point.losses[domain] ?? null
    const count = point.counts[domain] ?? point.counts[0]!
    if (loss === null || !(count > 0)) continue
    counts.push(count)
    losses.push(loss)
  }
  return { counts, losses }
}

/** All points there are: the kept ones, and those of the newest half window, which a filter sees change until more rows come. */
export function pointsOf(history: LossHistory, rule: HistoryRule): readonly LossRow[] {
  const { rows, recent, points } = history
  if (rule.smoothing !== 'savitzkyGolay' || recent.length < rule.window) return points
  const tail: LossRow[] = []
  for (let place = (rule.window - 1) / 2 + 1; place < rule.window; place++) {
    if (isPoint(history, rule, rows - rule.window + place)) tail.push(filtered(recent, rule, place))
  }
  return [...points, ...tail]
}

function isPoint({ stride }: LossHistory, { firstRow }: HistoryRule, row: number): boolean {
  return row >= firstRow && (row - firstRow) % stride === 0
}

function filtered(recent: readonly LossRow[], { window, order }: HistoryRule, place: number): LossRow {
  const weights = savitzkyGolayWeights(window, order, place)
  const losses = recent[place]!.losses.map((_, i) => {
    let total = 0
    for (let row = 0; row < window; row++) total += weights[row]! * (recent[row]!.losses[i] ?? NaN)
    return Number.isFinite(total) ? total + 0 : null
  })
  return { counts: recent[place]!.counts, losses }
}

/** Appends a point; where there are too many, every second one goes. */
function withPoint(history: LossHistory, point: LossRow, { most }: HistoryRule): LossHistory {
  const points = [...history.points, point]
  return most === 0 || points.length < most
    ? { ...history, points }
    : { ...history, stride: history.stride * 2, points: points.filter((_, i) => i % 2 === 0) }
}

function withBlockRow(history: LossHistory, { counts, losses }: LossRow, rule: HistoryRule): LossHistory {
  if (history.rows <= rule.firstRow) return history
  const before = history.block
  const block: Block = {
    rows: (before?.rows ?? 0) + 1,
    counts: counts.map((count, i) => (before?.counts[i] ?? 0) + count),
    losses: losses.map((loss, i) => (before?.losses[i] ?? 0) + (loss ?? 0)),
    seen: losses.map((loss, i) => (before?.seen[i] ?? 0) + (loss === null ? 0 : 1)),
  }
  if (block.rows < history.stride) return { ...history, block }
  const point = {
    counts: block.counts.map((count) => short(count / block.rows)),
    losses: block.losses.map((loss, i) => (block.seen[i] === 0 ? null : short(loss / block.seen[i]!))),
  }
  const points = [...history.points, point]
  // An odd number waits for one more, so that every block is as long as the others.
  const fits = rule.most === 0 || points.length < rule.most || points.length % 2 === 1
  if (fits) return { ...history, points, block: null }
  const joined = points.flatMap((one, i) => (i % 2 === 1 ? [join(points[i - 1]!, one)] : []))
  return { ...history, stride: history.stride * 2, points: joined, block: null }
}

function join(a: LossRow, b: LossRow): LossRow {
  return {
    counts: a.counts.map((count, i) => short((count + b.counts[i]!) / 2)),
    losses: a.losses.map((loss, i) => {
      const other = b.losses[i] ?? null
      return loss === null || other === null ? (loss ?? other) : short((loss + other) / 2)
    }),
  }
}

/** Eight digits: far below the noise of a loss, and half the size of a snapshot. */
const short = (value: number): number => Number(value.toPrecision(8))
