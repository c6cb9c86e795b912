import type { DoremiState } from './doremi.policy.js'

/**
 * What a DoReMi proxy run is for: its average weights, by which the main run samples. The start weights before the
 * first update. Which weight vectors the average holds is the variant's choice (see `doremi`).
 */
export function doremiResult(state: DoremiState): readonly number[] {
  return state.averageWeights
}
