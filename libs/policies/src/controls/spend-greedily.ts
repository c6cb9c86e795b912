export type Spending = {
  /** Units that every receiver has before. */
  readonly counts: readonly number[]
  /** Units that every receiver may have at most. */
  readonly caps: readonly number[]
  /** Units to hand out. */
  readonly budget: number
  /** What one more unit adds for receiver i when it has `count`: at least 0, and never rising with the count. */
  readonly gain: (i: number, count: number) => number
  /** What a unit for receiver i takes of the budget, above 0. Left out: 1 each. */
  readonly cost?: (i: number) => number
}

/**
 * Gives one unit after the other to whoever gains most by it, ties to the lower index. With equal costs that is the optimum
 * of a sum of concave functions of whole numbers, and once nobody gains anything the rest is spread evenly. With costs,
 * `gain` is what a unit adds for each part of the budget it takes, and what is too small for a unit stays unspent.
 * O(units · log n). Returns the new counts.
 */
export function spendGreedily({ counts: before, caps, budget, gain, cost }: Spending): readonly number[] {
  const counts = [...before]
  const gains = new Float64Array(counts.length)
  const heap: number[] = []
  counts.forEach((count, i) => {
    if (count >= caps[i]!) return
    gains[i] = gain(i, count)
    heap.push(i)
  })
  const isBefore = (a: number, b: number) => gains[a]! > gains[b]! || (gains[a] === gains[b] && a < b)
  for (let place = (heap.length >> 1) - 1; place >= 0; place--) sink(heap, place, isBefore)

  let left = budget
  while (left > 0 && heap.length > 0) {
    const best = heap[0]!
    if (!(gains[best]! > 0)) break
    const price = cost?.(best) ?? 1
    // Costs that are no whole numbers leave a rounding error.
    const isAffordable = price <= left * (1 + 1e-12)
    if (isAffordable) {
      counts[best]!++
      left -= price
    }
    if (isAffordable && counts[best]! < caps[best]!) gains[best] = gain(best, counts[best]!)
    else {
      const last = heap.pop()!
      if (heap.length === 0) break
      heap[0] = last
    }
    sink(heap, 0, isBefore)
  }
  if (cost === undefined) spreadEvenly(counts, caps, left, [...counts.keys()])
  return counts
}

/** Adds an amount to the counts of the receivers, as evenly as their caps allow, the remainder to the first. Returns what is left. */
export function spreadEvenly(
  counts: number[],
  caps: readonly number[],
  amount: number,
  receivers: readonly number[],
): number {
  let left = amount
  let open = receivers.filter((i) => counts[i]! < caps[i]!)
  while (left > 0 && open.length > 0) {
    const each = Math.floor(left / open.length)
    const remainder = left % open.length
    for (const [place, i] of open.entries()) {
      const given = Math.min(each + (place < remainder ? 1 : 0), caps[i]! - counts[i]!)
      counts[i]! += given
      left -= given
    }
    open = open.filter((i) => counts[i]! < caps[i]!)
  }
  return left
}

/** Restores the order of a heap whose entry at `from` may be too far up. */
function sink(heap: number[], from: number, isBefore: (a: number, b: number) => boolean): void {
  const moved = heap[from]!
  let place = from
  for (;;) {
    let child = 2 * place + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, moved)) break
    heap[place] = heap[child]!
    place = child
  }
  heap[place] = moved
}
