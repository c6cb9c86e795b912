import type { LedgerEvent, MixtureSet } from '@mixdesk/contracts'
import type { Learning } from './run-state.js'

export type CheckpointEffect = {
  readonly attempt: number
  readonly step: number
  readonly uri?: string
  readonly learning: Learning
}
/** A message that cannot be taken into account, and why; it goes to the dead letters. */
export type Rejection = { readonly offset: number; readonly because: string }

/** What folding messages leads to, in order; the owner commits all of it at once. */
export type Effects = {
  readonly events: LedgerEvent[]
  readonly commands: MixtureSet[]
  readonly checkpoints: CheckpointEffect[]
  readonly rejections: Rejection[]
}
export const noEffects = (): Effects => ({ events: [], commands: [], checkpoints: [], rejections: [] })
