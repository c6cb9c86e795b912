const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A bar of `width` columns, filled to the share of `most`, with an eighth of a column as its finest step. */
export function bar(value: number, width: number, most = 1): string {
  const share = Number.isFinite(value) && most > 0 ? Math.min(1, Math.max(0, value / most)) : 0
  const parts = Math.round(share * width * 8)
  const full = Math.floor(parts / 8)
  return ('█'.repeat(full) + (eighths[parts % 8] ?? '')).padEnd(width)
}

/** A line as blocks: the newest values on the right, scaled between the smallest and the largest shown; at most `width` of them. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = resample(
    values.filter((value) => Number.isFinite(value)),
    width,
  )
  const [least, most] = [Math.min(...shown), Math.max(...shown)]
  const range = most - least
  return shown
    .map((value) => levels[range === 0 ? 0 : Math.round(((value - least) / range) * (levels.length - 1))])
    .join('')
}

/** Means of `width` even stretches, or the values themselves where there are fewer. */
function resample(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values
  return Array.from({ length: width }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / width),
      Math.floor(((i + 1) * values.length) / width),
    )
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}
