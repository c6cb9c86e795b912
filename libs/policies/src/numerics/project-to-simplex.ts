import { sum } from './sum.js'

/** How far from one a sum of bounds may be and still count as one: three lower bounds of 1/3 leave one mixture, not none. */
const tolerance = 1e-12

/**
 * The mixture nearest to `point` (Euclidean) inside a box: { w : Σ wᵢ = 1, lowerᵢ ≤ wᵢ ≤ upperᵢ }.
 * Undefined where the box holds no mixture, bounds cross, or a number is not finite.
 *
 * The optimum is wᵢ = clamp(pointᵢ − shift, lowerᵢ, upperᵢ) for the one shift that makes the sum 1 (the KKT conditions;
 * Held, Wolfe & Crowder 1974). That sum falls piecewise linearly in the shift with breakpoints pointᵢ − upperᵢ and
 * pointᵢ − lowerᵢ: bisecting over the sorted breakpoints finds the piece, and the piece is solved exactly. O(K log K).
 * Clamping and dividing by the sum instead would end below the lower bounds.
 */
export function projectToSimplex(
  point: readonly number[],
  lower: readonly number[],
  upper: readonly number[],
): readonly number[] | undefined {
  if (!isBox(point, lower, upper)) return undefined
  // A mixture inside the box comes back to the bit, so that projecting twice is projecting once.
  const isInside = point.every((value, i) => value >= lower[i]! && value <= upper[i]!)
  if (isInside && Math.abs(sum(point) - 1) <= tolerance) return point
  // A common shift does not move the projection; taking it out keeps digits.
  const highest = point.reduce((a, b) => Math.max(a, b), -Infinity)
  const shifted = point.map((value) => value - highest)
  const [from, to] = bracket(shifted, lower, upper)

  const weights = shifted.map((value, i) => {
    if (value - upper[i]! >= to) return upper[i]!
    if (value - lower[i]! <= from) return lower[i]!
    return NaN
  })
  const free = weights.flatMap((weight, i) => (Number.isNaN(weight) ? [i] : []))
  if (free.length > 0) {
    // Written relative to one free value, so that nothing large is added and taken away again.
    const reference = shifted[free[0]!]!
    const rest = 1 - sum(weights.filter((weight) => !Number.isNaN(weight)))
    const mean = sum(free.map((i) => shifted[i]! - reference)) / free.length
    for (const i of free) {
      const weight = shifted[i]! - reference - mean + rest / free.length
      weights[i] = Math.min(Math.max(weight, lower[i]!), upper[i]!)
    }
  }
  settle(weights, lower, upper)
  return weights
}

function isBox(point: readonly number[], lower: readonly number[], upper: readonly number[]): boolean {
  if (point.length === 0 || lower.length !== point.length || upper.length !== point.length) return false
  const sound = point.every(
    (value, i) =>
      Number.isFinite(value) &&
      Number.isFinite(lower[i]) &&
      Number.isFinite(upper[i]) &&
      lower[i]! <= upper[i]!,
  )
  return sound && sum(lower) <= 1 + tolerance && sum(upper) >= 1 - tolerance
}

/** Two neighbouring breakpoints between which the shift lies. */
function bracket(
  point: readonly number[],
  lower: readonly number[],
  upper: readonly number[],
): [number, number] {
  const breakpoints = new Float64Array(2 * point.length)
  point.forEach((value, i) => {
    breakpoints[2 * i] = value - upper[i]!
    breakpoints[2 * i + 1] = value - lower[i]!
  })
  breakpoints.sort()
  const total = (shift: number) =>
    sum(point.map((value, i) => Math.min(Math.max(value - shift, lower[i]!), upper[i]!)))
  let low = 0
  let high = breakpoints.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (total(breakpoints[middle]!) >= 1) low = middle
    else high = middle
  }
  return [breakpoints[low]!, breakpoints[high]!]
}

/** Spreads what rounding left over the entries that have room for it. */
function settle(weights: number[], lower: readonly number[], upper: readonly number[]): void {
  for (let round = 0; round < 4; round++) {
    const gap = 1 - sum(weights)
    if (Math.abs(gap) <= 1e-15) return
    const roomy = weights.flatMap((weight, i) =>
      (gap > 0 ? weight < upper[i]! : weight > lower[i]!) ? [i] : [],
    )
    for (const i of roomy) {
      weights[i] = Math.min(Math.max(weights[i]! + gap / roomy.length, lower[i]!), upper[i]!)
    }
  }
}
