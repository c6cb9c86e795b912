export type GoldenResult = {
  readonly verdict: 'matched' | 'fell short' | 'not covered'
  readonly why?: string
  /** Steps that were compared; `skipped` are those from the first recorded NaN on. */
  readonly steps?: number
  readonly skipped?: number
  readonly worst?: number
  readonly tolerance?: number
  readonly resumed?: { readonly worst: number; readonly steps: number; readonly tolerance: number }
}
export function compareGolden(golden: unknown): GoldenResult
