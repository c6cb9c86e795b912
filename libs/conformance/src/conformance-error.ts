/** The kit could not do its work; no verdict on whom it looked at. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError'
  readonly code = 'conformance'
  readonly retriable = false
}
