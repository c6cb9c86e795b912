import type { LearningCurve } from './equitable-allocation.js'
import type { SizedLoss } from '../evaluations/power-law-fit.js'

export type EquitableConfig = {
  readonly objective: 'sum' | 'max'
  readonly allocation: 'optimal' | 'sequential'
  readonly unit: 'tokens' | 'sequences'
  readonly costs: Readonly<Record<string, number>> | null
  readonly importance: Readonly<Record<string, number>> | null
  readonly held: Readonly<Record<string, number>> | null
  readonly caps: Readonly<Record<string, number>> | null
  readonly curves: Readonly<Record<string, LearningCurve>> | null
  readonly budget: number | null
  readonly block: number
  readonly exploration: number
  readonly seed: number
  readonly fewestSizes: number
  readonly sizesToStarve: number
  readonly historyPoints: number
}

export type EquitableState = {
  /** What the configuration says of each domain; `key` stands for its name in draws. */
  readonly terms: readonly {
    readonly key: number
    readonly cost: number
    readonly importance: number
    readonly cap: number | null
  }[]
  /** Samples of each domain by now. */
  readonly held: readonly number[]
  /** Held-out losses by samples, sizes all different. */
  readonly points: readonly (readonly SizedLoss[])[]
  /** `null` where there are too few sizes. */
  readonly curves: readonly (LearningCurve | null)[]
  /** A block that is being acquired: it begins with an evaluation, and ends with the next one or when the block is spent. */
  readonly round: { readonly number: number; readonly held: readonly number[] }
  readonly evaluatedAt: number | null
}
