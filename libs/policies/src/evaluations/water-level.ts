/**
 * The level to which so much water rises when it is poured over columns of these heights: Σ max(0, level − heightᵢ) = volume,
 * for a volume above 0. O(K log K).
 */
export function waterLevel(heights: readonly number[], volume: number): number {
  const sorted = heights.toSorted((a, b) => a - b)
  let level = Infinity
  let ground = 0
  for (let wet = 1; wet <= sorted.length; wet++) {
    ground += (sorted[wet - 1]! - ground) / wet
    level = ground + volume / wet
    // The next column stands out of the water: nothing more is wetted.
    if (wet === sorted.length || level <= sorted[wet]!) break
  }
  return level
}
