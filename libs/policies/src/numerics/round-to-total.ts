/**
 * Whole counts in proportion to a mixture that add up to `total`, by largest remainder; of equal remainders the earlier
 * domain's. Every domain with a weight above 0 gets at least `minimum`: those whose share is smaller are given just that,
 * and the others share what is left. A total that has no room for it is shared out without a minimum.
 */
export function roundToTotal(weights: readonly number[], total: number, minimum = 0): readonly number[] {
  const counts = new Array<number>(weights.length).fill(0)
  let open = weights.flatMap((weight, i) => (weight > 0 ? [i] : []))
  const least = minimum * open.length <= total ? minimum : 0
  let left = total
  let mass = massOf(weights, open)
  const shareOf = (i: number) => (weights[i]! / mass) * left
  for (;;) {
    const short = open.filter((i) => shareOf(i) < least)
    if (short.length === 0) break
    for (const i of short) counts[i] = least
    open = open.filter((i) => shareOf(i) >= least)
    left -= least * short.length
    mass = massOf(weights, open)
  }
  const remainder = new Array<number>(weights.length).fill(0)
  let rest = left
  for (const i of open) {
    const share = shareOf(i)
    const whole = Math.floor(share)
    rest -= counts[i] = whole
    remainder[i] = share - whole
  }
  const inOrder = open.sort((a, b) => remainder[b]! - remainder[a]! || a - b)
  for (const i of inOrder.slice(0, Math.max(rest, 0))) counts[i]!++
  return counts
}

function massOf(weights: readonly number[], of: readonly number[]): number {
  let mass = 0
  for (const i of of) mass += weights[i]!
  return mass
}
