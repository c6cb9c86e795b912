/** What the server answers, as far as the CLI reads it. */
export type Run = {
  readonly run: string
  readonly project: string
  readonly status: string
  readonly attempt: number
  readonly policy: string
  readonly domains: readonly string[]
  readonly ranks: number
  readonly step: number
  readonly version: number
  readonly frozen: boolean
  readonly problems: readonly string[]
  readonly params: { readonly [key: string]: unknown }
  readonly tags: readonly string[]
  readonly notes: string
  readonly counts: { readonly [reason: string]: number }
  /** Only where one run is asked for. */
  readonly warnings?: readonly string[]
  readonly startedAt: string
  readonly updatedAt: string
}
export type RunList = { readonly runs: readonly Run[]; readonly next?: string }
export type CurvePoint = {
  readonly step: number
  readonly attempt: number
  readonly domain: string
  readonly tokens: number
  readonly loss: number | null
}
export type SqlAnswer = {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly unknown[])[]
  readonly truncated: boolean
  readonly elapsedMs: number
}
export type Readiness = {
  readonly status: string
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly because?: string }[]
  readonly lag?: readonly { readonly group: string; readonly topic: string; readonly lag: number }[]
}
