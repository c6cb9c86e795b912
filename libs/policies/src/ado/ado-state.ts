import type { AdoTerms } from './ado-step.js'
import type { LossHistory, LossRow } from './loss-history.js'
import type { ScalingLaw } from './scaling-law.js'

export type AdoState = {
  readonly prior: readonly number[]
  readonly weights: readonly number[]
  readonly credit: readonly number[]
  readonly average: readonly number[]
  /** Data seen by domain, in the unit of the laws; all of it for every domain where they share their count. */
  readonly counts: readonly number[]
  readonly laws: readonly (ScalingLaw | null)[]
  /** Last loss of each domain, `null` before the first. */
  readonly lastLosses: readonly (number | null)[]
  readonly history: LossHistory
  /** The evaluation that may still grow by another message of its step. */
  readonly evaluation: (LossRow & { readonly step: number }) | null
  readonly step: number | null
  /** The step of the last fit that was adopted, and why the newest one was not, as the end of a sentence. */
  readonly fittedAt: number | null
  readonly refusal: string | null
  readonly updates: number
  readonly terms: AdoTerms
  /** The terms at the last mixture fact, where the parts of the next explanation start. */
  readonly base: AdoTerms
}
