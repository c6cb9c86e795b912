/** 1234567 → 1,234,567. */
export const whole = (value: number): string => value.toLocaleString('en-US')

/** Four decimals of a loss; – where there is none. */
export const loss = (value: number | null | undefined, decimals = 3): string =>
  value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(decimals)

/** 0.1234 → 12.3 %. */
export const percent = (value: number | null | undefined, decimals = 1): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? '–'
    : `${(value * 100).toFixed(decimals)} %`

/** 75 → 1:15. */
export function clock(seconds: number): string {
  const all = Math.max(0, Math.floor(seconds))
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, '0')}`
}

/** How long ago, in the largest unit that fits. */
export function ago(from: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(from)) / 1000))
  if (!Number.isFinite(seconds)) return '–'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}
