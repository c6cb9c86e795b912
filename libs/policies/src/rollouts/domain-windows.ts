import { pushChunk, type ChunkWindow, type WindowRule } from './chunk-window.js'

/** What a step said of one domain: so many values of this mean. */
export type Chunk = {
  readonly count: number
  readonly mean: number
  /** What of it counts for ever; left out: `count`. */
  readonly counted?: number
}

/** The last values of every domain, and what is known of all of them. */
export type DomainWindows = {
  readonly windows: readonly ChunkWindow[]
  /** Values ever seen, of every domain; not cut with the window. */
  readonly seen: readonly number[]
  /** The statistic of every window as it is now. */
  readonly statistic: readonly number[]
}

export type WindowsRule = WindowRule & { readonly statistic: (window: ChunkWindow) => number }

/** Counts are exact up to here and stand still afterwards. */
const largestCount = 2 ** 53

export function emptyWindows(domains: number): DomainWindows {
  const zeros = new Array<number>(domains).fill(0)
  return { windows: zeros.map(() => []), seen: zeros, statistic: zeros }
}

/** The windows with a chunk of each domain that has one; undefined where none has. Only these are computed anew. */
export function watch(
  before: DomainWindows,
  rule: WindowsRule,
  chunkOf: (domain: number) => Chunk | undefined,
): DomainWindows | undefined {
  let after: { windows: ChunkWindow[]; seen: number[]; statistic: number[] } | undefined
  for (let i = 0; i < before.windows.length; i++) {
    const chunk = chunkOf(i)
    if (chunk === undefined) continue
    after ??= { windows: [...before.windows], seen: [...before.seen], statistic: [...before.statistic] }
    const window = pushChunk(before.windows[i]!, chunk.count, chunk.mean, rule)
    after.windows[i] = window
    after.seen[i] = Math.min(before.seen[i]! + (chunk.counted ?? chunk.count), largestCount)
    after.statistic[i] = rule.statistic(window)
  }
  return after
}
