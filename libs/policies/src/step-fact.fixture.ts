import type { StepFact } from './policy.js'

/** A step in which domain i had `tokens` tokens of mean loss `losses[i]`; `null` for a domain that was not in it. */
export function stepWith(
  step: number,
  losses: readonly (number | null)[],
  inForce: readonly number[],
  tokens = 1024,
): StepFact {
  const count = (loss: number | null) => (loss === null ? 0 : tokens)
  const sums = losses.map((loss) => (loss ?? 0) * count(loss))
  return {
    kind: 'step',
    step,
    present: losses.map((loss) => loss !== null),
    tokens: losses.map(count),
    lossSum: sums,
    sequences: losses.map((loss) => (loss === null ? 0 : 4)),
    signals: { clippedExcessSum: sums },
    inForce,
  }
}
