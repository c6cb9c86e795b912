/**
 * Solves matrix · x = right for several right sides at once, by Gaussian elimination with partial pivoting, O(K³). Undefined
 * where the rows are too alike to tell apart: a pivot below 1e-9 of the largest entry.
 */
export function solveLinear(
  matrix: readonly (readonly number[])[],
  rights: readonly (readonly number[])[],
): readonly (readonly number[])[] | undefined {
  const size = matrix.length
  const rows = matrix.map((row, i) => [...row, ...rights.map((right) => right[i]!)])
  const largest = matrix.reduce(
    (all, row) => row.reduce((most, entry) => Math.max(most, Math.abs(entry)), all),
    0,
  )
  for (let column = 0; column < size; column++) {
    let best = column
    for (let i = column + 1; i < size; i++)
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[best]![column]!)) best = i
    const pivot = rows[best]!
    if (!(Math.abs(pivot[column]!) > 1e-9 * largest)) return undefined
    rows[best] = rows[column]!
    rows[column] = pivot
    for (let i = 0; i < size; i++) {
      if (i === column) continue
      const factor = rows[i]![column]! / pivot[column]!
      if (factor !== 0) for (let k = column; k < pivot.length; k++) rows[i]![k]! -= factor * pivot[k]!
    }
  }
  return rights.map((_, r) => rows.map((row, i) => row[size + r]! / row[i]!))
}
