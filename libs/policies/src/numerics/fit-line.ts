/** Where the two coefficients of a line may lie: the constant in an interval, the slope not below 0. */
export type LineBounds = { readonly lowest: number; readonly highest: number }

export type Line = { readonly constant: number; readonly slope: number }

/**
 * Weighted least squares of y ≈ constant + slope·x with slope ≥ 0 and a bounded constant, which is the inner problem of every
 * power law whose exponent is given. Exact: the unconstrained answer, or the best one on the edge that it violates.
 */
export function fitLine(
  x: readonly number[],
  y: readonly number[],
  weight: readonly number[],
  { lowest, highest }: LineBounds,
): Line {
  let total = 0
  let meanX = 0
  let meanY = 0
  for (let i = 0; i < x.length; i++) {
    total += weight[i]!
    meanX += weight[i]! * x[i]!
    meanY += weight[i]! * y[i]!
  }
  meanX /= total
  meanY /= total
  let xx = 0
  let xy = 0
  for (let i = 0; i < x.length; i++) {
    const across = x[i]! - meanX
    xx += weight[i]! * across * across
    xy += weight[i]! * across * (y[i]! - meanY)
  }
  const slope = xx > 0 ? Math.max(0, xy / xx) : 0
  const constant = meanY - slope * meanX
  if (constant >= lowest && constant <= highest) return { constant, slope }
  const edge = constant < lowest ? lowest : highest
  const squares = xx + total * meanX * meanX
  const products = xy + total * meanX * (meanY - edge)
  return { constant: edge, slope: squares > 0 ? Math.max(0, products / squares) : 0 }
}
