import type { Colors } from '../terminal/terminal.js'

export const statusPaint =
  (colors: Colors) =>
  (text: string): string => {
    const status = text.trim()
    if (status === 'running') return colors.cyan(text)
    if (status === 'completed') return colors.green(text)
    if (status === 'failed' || status === 'refused') return colors.red(text)
    return colors.yellow(text)
  }
