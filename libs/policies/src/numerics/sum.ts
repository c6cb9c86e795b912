/** Sum with Neumaier's compensation: the error stays near one rounding however many numbers there are. */
export function sum(values: readonly number[]): number {
  let total = 0
  let lost = 0
  for (const value of values) {
    const next = total + value
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total
    total = next
  }
  // An overflow makes the correction NaN; the plain total then says more.
  return Number.isFinite(lost) ? total + lost : total
}
