/**
 * Gives every weight of a mixture a floor.
 * - `mixing`: (1 − K·floor)·w + floor, at least `floor` for sure; needs K·floor ≤ 1.
 * - `clamping`: max(w, floor) divided by the sum, as DataFlex-RL does; it ends below the floor:
 *   (1, 0, 0) and 0.05 give 0.0455, not 0.05.
 */
export function floorWeights(
  weights: readonly number[],
  floor: number,
  by: 'mixing' | 'clamping',
): readonly number[] {
  if (floor === 0) return weights
  if (by === 'mixing') {
    const free = Math.max(0, 1 - weights.length * floor)
    return weights.map((weight) => free * weight + floor)
  }
  let total = 0
  for (const weight of weights) total += Math.max(weight, floor)
  return weights.map((weight) => Math.max(weight, floor) / total)
}
