/** ln Σ exp(xᵢ) without overflow: the maximum is taken out first. −Infinity for no terms, or where every term is −Infinity. */
export function logSumExp(values: readonly number[]): number {
  let largest = -Infinity
  for (const value of values) if (value > largest) largest = value
  if (largest === -Infinity || largest === Infinity) return largest
  let total = 0
  for (const value of values) total += Math.exp(value - largest)
  return largest + Math.log(total)
}
