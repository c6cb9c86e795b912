import { logSumExp } from '../numerics/log-sum-exp.js'
import { softmax } from '../numerics/softmax.js'

/** Neighbouring places in a ranking: items `first` to `first + items − 1`, counted from 0. */
export type RankBlock = { readonly first: number; readonly items: number }

/** Up to so many items are summed one by one; more of them over cells of equal size, each taken at its middle. */
const itemByItem = 64
const leastCells = 8
/** Cells in a width; the sum is then right to about 1e-4 of itself. */
const cellsInWidth = 16
/** Widths from the item nearest to the centre beyond which nothing is left: exp(−½·9²) is below 1e-17. */
const reach = 9

/**
 * The mixture of blocks under exp(−½·((rank − center)/width)²), summed over the items of each block. However far the
 * centre lies from all of them, somebody is nearest: exponents are taken relative to the nearest place.
 */
export function gaussianOverRanks(
  blocks: readonly RankBlock[],
  center: number,
  width: number,
): readonly number[] {
  let last = 0
  for (const { first, items } of blocks) last = Math.max(last, first + items - 1)
  const nearest = Math.min(Math.max(center, 0), last)
  // ((rank − center)² − (nearest − center)²) / width², without a square that could overflow.
  const exponent = (rank: number) =>
    -0.5 * ((rank - nearest) / width) * ((rank + nearest - 2 * center) / width)
  return softmax(
    blocks.map(({ first, items }) => {
      if (items === 1) return exponent(first)
      const closest = Math.min(Math.max(center, first), first + items - 1)
      const from = Math.max(first, Math.floor(closest - reach * width))
      const near = Math.min(first + items, Math.ceil(closest + reach * width) + 1) - from
      const cells = Math.max(leastCells, Math.ceil((cellsInWidth * near) / width))
      const count = near <= itemByItem ? near : Math.min(near, cells)
      const size = near / count
      const middles = Array.from({ length: count }, (_, cell) => exponent(from + (cell + 0.5) * size - 0.5))
      return Math.log(size) + logSumExp(middles)
    }),
  )
}
