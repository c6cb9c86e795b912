/** A line of `numpy_lm.py --progress-json`. */
export type ProgressLine = {
  readonly step: number
  /** Of the last batch, nats per byte; null where the batch had nothing of a domain. */
  readonly loss?: { readonly [domain: string]: number | null }
  /** Only in the last line. */
  readonly heldOut?: { readonly [domain: string]: number | null }
  readonly weights: { readonly [domain: string]: number }
  readonly meaning: string
  readonly mixtureVersion: number
}

/** Undefined for a line that is something else: a library may print what it likes. */
export function parseProgressLine(text: string): ProgressLine | undefined {
  try {
    const line = JSON.parse(text) as Partial<ProgressLine> | null
    const isOurs =
      typeof line === 'object' &&
      line !== null &&
      typeof line.step === 'number' &&
      typeof line.weights === 'object' &&
      typeof line.mixtureVersion === 'number'
    return isOurs && (line.loss !== undefined || line.heldOut !== undefined)
      ? (line as ProgressLine)
      : undefined
  } catch {
    return undefined
  }
}
