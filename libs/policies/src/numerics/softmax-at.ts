import { softmax } from './softmax.js'

/**
 * softmax(scores / temperature). At a temperature of 0 the largest scores share evenly and nothing else gets a share,
 * which is the limit. The largest score is taken out before dividing, so that no temperature overflows.
 */
export function softmaxAt(scores: readonly number[], temperature: number): readonly number[] {
  let largest = -Infinity
  for (const score of scores) if (score > largest) largest = score
  return softmax(scores.map((score) => (score === largest ? 0 : (score - largest) / temperature)))
}
