import type { Json } from '../policy.js'
import type { Position } from './position.js'

/** A number that is to be reached: at most `below`, or at least `above`, in `patience` measurements in a row. */
export type Threshold = { readonly below?: number; readonly above?: number; readonly patience?: number }

/** How much of a domain may be used; whatever is used up first counts. */
export type Budget = { readonly steps?: number; readonly tokens?: number; readonly passes?: number }

export type Loss = Threshold & { readonly domain: string; readonly of?: 'heldOut' | 'training' }
export type Score = Threshold & { readonly task: string }

/** When a phase ends: exactly one of these. */
export type Until = Position & {
  readonly after?: Position
  readonly loss?: Loss
  readonly score?: Score
  readonly used?: Budget & { readonly domain: string }
  readonly any?: readonly Until[]
  readonly all?: readonly Until[]
}

export type Transition = { readonly over: Position; readonly shape?: 'linear' | 'cosine' }

export type Phase = {
  readonly title?: string
  readonly policy: string
  readonly config?: Readonly<Record<string, Json>>
  readonly until?: Until
  readonly domains?: readonly string[]
  readonly budgets?: Readonly<Record<string, Budget>>
  readonly transition?: Transition
  readonly controls?: Readonly<Record<string, Json>>
}

/** What a schedule does, presets expanded. */
export type Plan = {
  readonly phases: readonly Phase[]
  /** How often the phases are gone through; left out: once, the last for the rest of the run. */
  readonly repeat?: number | 'forever'
  readonly budgets?: Readonly<Record<string, Budget>>
}

export type ScheduleConfig = Partial<Plan> & {
  readonly preset?: { readonly name: string } & Readonly<Record<string, Json>>
}
