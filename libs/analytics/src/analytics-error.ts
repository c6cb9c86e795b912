/** The history could not do as asked. `refused`: the gate turned the SQL away; `invalid`: the engine did. */
export class AnalyticsError extends Error {
  override readonly name = 'AnalyticsError'
  readonly code: 'unavailable' | 'refused' | 'invalid' | 'too-expensive' | 'internal'
  readonly retriable: boolean
  constructor(code: AnalyticsError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.retriable = code === 'unavailable'
  }
}
