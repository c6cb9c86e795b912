/**
 * The last so many values of a stream of which only chunks are known, oldest first, as count and mean of one chunk after
 * the other: [count, mean, count, mean, …]. Chunks of one value make it a plain window of values.
 */
export type ChunkWindow = readonly number[]

export type WindowRule = {
  /** How many values the window holds. */
  readonly size: number
  /** Joins a chunk with an equal one before it: the mean cannot tell, the slope could. */
  readonly joinsEqual: boolean
}

/** More chunks than this are never held, however small they are: the two oldest become one. */
const mostChunks = 4096

/**
 * The window with a chunk at its end. The oldest values make room, as if every value of their chunk were its mean; a chunk
 * that fills the window replaces it. `count` must be positive, `mean` finite. O(chunks held).
 */
export function pushChunk(window: ChunkWindow, count: number, mean: number, rule: WindowRule): ChunkWindow {
  if (count >= rule.size) return [rule.size, mean]
  let surplus = count + windowCount(window) - rule.size
  let first = 0
  while (first < window.length && surplus >= window[first]!) {
    surplus -= window[first]!
    first += 2
  }
  const next = window.slice(first)
  if (next.length > 0 && surplus > 0) next[0]! -= surplus
  if (rule.joinsEqual && next.at(-1) === mean) next[next.length - 2]! += count
  else next.push(count, mean)
  if (next.length > 2 * Math.min(Math.ceil(rule.size), mostChunks)) joinOldest(next)
  return next
}

function joinOldest(window: number[]): void {
  const [countA, meanA, countB, meanB] = window as [number, number, number, number]
  const count = countA + countB
  window.splice(0, 4, count, meanA * (countA / count) + meanB * (countB / count))
}

/** How many values the window holds now. */
export function windowCount(window: ChunkWindow): number {
  let count = 0
  for (let i = 0; i < window.length; i += 2) count += window[i]!
  return count
}

/** Mean of the values; 0 for an empty window. */
export function windowMean(window: ChunkWindow): number {
  let total = 0
  let sum = 0
  for (let i = 0; i < window.length; i += 2) {
    total += window[i]!
    sum += window[i]! * window[i + 1]!
  }
  if (total > 0 && Math.abs(sum) < Infinity) return sum / total + 0
  // Shares instead of sums, which overflowed.
  let mean = 0
  for (let i = 0; i < window.length; i += 2) mean += (window[i]! / total) * window[i + 1]!
  return mean + 0
}

/**
 * Least-squares slope per value: a line through the means of the chunks, each at the middle of the places its values have
 * in the window and weighing as many as they are. With chunks of one value it is the ordinary least-squares slope; values
 * on a line give the slope of that line however they are divided into chunks. 0 for fewer than two chunks.
 */
export function windowSlope(window: ChunkWindow): number {
  if (window.length < 4) return 0
  const total = windowCount(window)
  const middle = windowMean(window)
  let place = -0.5
  let covariance = 0
  let variance = 0
  for (let i = 0; i < window.length; i += 2) {
    const share = window[i]! / total
    const at = place + share / 2
    covariance += share * at * (window[i + 1]! - middle)
    variance += share * at * at
    place += share
  }
  const slope = covariance / variance / total
  return Number.isNaN(slope) ? 0 : Math.min(Math.max(slope, -1e300), 1e300) + 0
}
