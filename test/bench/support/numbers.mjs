// Medians, quantiles, and how numbers are shown.

const ascending = (values) => [...values].sort((a, b) => a - b)
/** Nearest rank. */
export const quantile = (values, q) => {
  const sorted = ascending(values)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]
}
export const median = (values) => {
  const sorted = ascending(values)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const show = (value) => {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 10 ? 1 : 2)
}
/** Median, with the least and the most. */
export const spread = (values, unit = '') =>
  values.length === 1
    ? `${show(values[0])}${unit}`
    : `${show(median(values))}${unit} (${show(Math.min(...values))} to ${show(Math.max(...values))})`
export const ratio = (values) =>
  values.length === 1
    ? `${values[0].toFixed(2)} ×`
    : `${median(values).toFixed(2)} × (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`
