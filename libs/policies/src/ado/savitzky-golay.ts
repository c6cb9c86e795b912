/**
 * What to multiply the values of a window with to get, at a place in it, the polynomial that fits them best (Savitzky and Golay
 * 1964). `place` counts from 0 and need not be the middle: near the ends of a series the filter reads the same polynomial
 * off its centre, as SciPy's mode `interp` does. Built from orthonormal polynomials, so that high orders stay exact.
 * O(window · order).
 */
export function savitzkyGolayWeights(window: number, order: number, place: number): readonly number[] {
  const half = (window - 1) / 2
  const weights = new Array<number>(window).fill(0)
  const basis: number[][] = []
  for (let power = 0; power <= order; power++) {
    const next = Array.from({ length: window }, (_, i) => {
      const at = half === 0 ? 0 : (i - half) / half
      return power === 0 ? 1 : at * basis[power - 1]![i]!
    })
    // Twice: once leaves rounding errors of the size of what was taken out.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        const shared = next.reduce((total, value, i) => total + value * other[i]!, 0)
        for (let i = 0; i < window; i++) next[i]! -= shared * other[i]!
      }
    }
    const size = Math.hypot(...next)
    basis.push(next.map((value) => value / size))
  }
  for (const polynomial of basis) {
    for (let i = 0; i < window; i++) weights[i]! += polynomial[place]! * polynomial[i]!
  }
  return weights
}
