/**
 * How many of `count` sequences each domain gets: systematic sampling, one random offset for all. Each domain gets
 * its share rounded up or down, by chance in the right proportion, and the counts always add up.
 */
export function drawBatch(weights: readonly number[], count: number, offset: number): number[] {
  let total = 0
  for (const weight of weights) total += weight
  let drawn = 0
  let reached = 0
  return weights.map((weight, k) => {
    reached += weight / total
    const until = k === weights.length - 1 ? count : Math.min(count, Math.floor(reached * count + offset))
    const mine = Math.max(0, until - drawn)
    drawn += mine
    return mine
  })
}
