/** Three numbers that belong together. */
export type Triple = readonly [number, number, number]

/** gradient·move + ½ move·curvature·move, with the curvature's rows 0 to 2 as [00, 01, 02, 11, 12, 22]. */
export type Quadratic = {
  readonly gradient: Triple
  readonly curvature: readonly [number, number, number, number, number, number]
}

/** What a parameter pays: `below` for each unit under `low`, `above` for each unit over `high`. Infinite means never. */
export type Hinge = {
  readonly low: number
  readonly high: number
  readonly below: number
  readonly above: number
}
export type Hinges = readonly [Hinge, Hinge, Hinge]

export function penaltyOf(hinges: Hinges, at: Triple): number {
  let total = 0
  for (let j = 0; j < 3; j++) {
    const { low, high, below, above } = hinges[j]!
    if (at[j]! < low) total += below * (low - at[j]!)
    if (at[j]! > high) total += above * (at[j]! - high)
  }
  return total
}

/**
 * Where a positive definite quadratic around `at` plus the hinges is least. Every parameter ends between its bounds, on one or
 * beyond it, and each such choice is a linear system: the one whose answer agrees with the choice is the minimum, for the
 * whole is convex. Usually the first is; there are 125.
 */
export function hingedMinimum(quadratic: Quadratic, hinges: Hinges, at: Triple): Triple {
  const { gradient } = quadratic
  const [first, second, third] = hinges.map((hinge, j) => endings(hinge, at[j]!))
  for (const a of first!) {
    for (const b of second!) {
      for (const c of third!) {
        const slopes: Triple = [gradient[0] + a.slope, gradient[1] + b.slope, gradient[2] + c.slope]
        const move = solve(quadratic, slopes, [a.move, b.move, c.move])
        const pull = pullOf(quadratic, move)
        const agrees =
          agreesWith(a, at[0] + move[0], pull[0]) &&
          agreesWith(b, at[1] + move[1], pull[1]) &&
          agreesWith(c, at[2] + move[2], pull[2])
        // The sum may miss a bound by a rounding.
        if (agrees) return [a.end ?? at[0] + move[0], b.end ?? at[1] + move[1], c.end ?? at[2] + move[2]]
      }
    }
  }
  return at
}

/**
 * How a parameter may end: on a bound (`end`, its move is given), or free (its move NaN) between `from` and `to`, paying
 * `slope`. On a bound it stays while the slope of the quadratic there is between `from` and `to`.
 */
type Ending = {
  readonly end?: number
  readonly move: number
  readonly slope: number
  readonly from: number
  readonly to: number
}

function endings({ low, high, below, above }: Hinge, at: number): readonly Ending[] {
  const all: Ending[] = [
    { move: NaN, slope: 0, from: low, to: high },
    { end: low, move: low - at, slope: 0, from: 0, to: below },
    { end: high, move: high - at, slope: 0, from: -above, to: 0 },
  ]
  if (below < Infinity) all.push({ move: NaN, slope: -below, from: -Infinity, to: low })
  if (above < Infinity) all.push({ move: NaN, slope: above, from: high, to: Infinity })
  return all
}

function agreesWith({ end, from, to }: Ending, target: number, pull: number): boolean {
  const judged = end === undefined ? target : pull
  return judged >= from && judged <= to
}

/** The slope of the quadratic after a move. */
function pullOf({ gradient: g, curvature: c }: Quadratic, [x, y, z]: Triple): Triple {
  return [
    g[0] + c[0] * x + c[1] * y + c[2] * z,
    g[1] + c[1] * x + c[3] * y + c[4] * z,
    g[2] + c[2] * x + c[4] * y + c[5] * z,
  ]
}

/** The least gradient·move + ½ move·curvature·move over the moves that are not given. */
function solve({ curvature }: Quadratic, gradient: Triple, given: Triple): Triple {
  const [c00, c01, c02, c11, c12, c22] = curvature
  const [x, y, z] = given
  const a = fixed(c00, -gradient[0], x)
  const b = fixed(c11, -gradient[1], y)
  const c = fixed(c22, -gradient[2], z)
  // Terms of a given move go to the right-hand sides of the free ones, and its own row says only what it is.
  const ab = free(x, y) ? c01 : 0
  const ac = free(x, z) ? c02 : 0
  const bc = free(y, z) ? c12 : 0
  const right0 = Number.isNaN(x) ? a.right - known(c01, y) - known(c02, z) : a.right
  const right1 = Number.isNaN(y) ? b.right - known(c01, x) - known(c12, z) : b.right
  const right2 = Number.isNaN(z) ? c.right - known(c02, x) - known(c12, y) : c.right
  const b0 = ab / a.pivot
  const c0 = ac / a.pivot
  const pivot1 = b.pivot - b0 * ab
  const rest1 = right1 - b0 * right0
  const c1 = (bc - c0 * ab) / pivot1
  const pivot2 = c.pivot - c0 * ac - c1 * (bc - c0 * ab)
  const third = orZero((right2 - c0 * right0 - c1 * rest1) / pivot2)
  const second = orZero((rest1 - (bc - c0 * ab) * third) / pivot1)
  return [orZero((right0 - ab * second - ac * third) / a.pivot), second, third]
}

const free = (x: number, y: number): boolean => Number.isNaN(x) && Number.isNaN(y)
const known = (entry: number, move: number): number => (Number.isNaN(move) ? 0 : entry * move)
const orZero = (value: number): number => (Number.isFinite(value) ? value : 0)
const fixed = (pivot: number, right: number, move: number): { pivot: number; right: number } =>
  Number.isNaN(move) ? { pivot, right } : { pivot: 1, right: move }
