import type { DogeState } from './doge.policy.js'

/** What a DoGE proxy run is for: its average weights, by which the base model samples. The start weights before the first update. */
export function dogeResult(state: DogeState): readonly number[] {
  return state.averageWeights
}
