import { passBinNames } from '../rollouts/pass-counts.js'
import type { Unit } from './prompt-settings.js'
import { sum } from '../numerics/sum.js'

/** What is known of pass rates: counts of every prompt (unit `prompt`), or a histogram of every domain (unit `domain`). */
export type PassRecords = {
  readonly successes: readonly number[]
  readonly rollouts: readonly number[]
  /** Prompts of a domain by successes, older ones counting less. */
  readonly histograms: readonly (readonly number[])[]
}

/** Records of nothing; `bins` is how many rollouts are behind a histogram. */
export function emptyRecords(unit: Unit, domains: number, bins: number): PassRecords {
  const counts = unit === 'prompt' ? new Array<number>(domains).fill(0) : []
  const empty = new Array<number>(bins + 1).fill(0)
  return {
    successes: counts,
    rollouts: counts,
    histograms: unit === 'prompt' ? [] : new Array<readonly number[]>(domains).fill(empty),
  }
}

export function areEmpty(unit: Unit, { rollouts, histograms }: PassRecords): boolean {
  return unit === 'prompt'
    ? rollouts.every((count) => count === 0)
    : histograms.every((bins) => sum(bins) === 0)
}

/** The signals that tell of pass rates. */
export function passSignals(unit: Unit, bins: number): readonly string[] {
  return unit === 'prompt' ? ['successes', 'rollouts'] : passBinNames(bins)
}

/** Why nothing is known of pass rates. */
export function nothingCarried(unit: Unit): string {
  return `no step has carried ${unit === 'prompt' ? '`successes` and `rollouts`' : '`passBin0` and its like'}`
}
