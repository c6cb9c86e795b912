import type { AdoSettings } from './ado-settings.js'
import type { StepFact } from '../policy.js'

/** Data of a batch by domain, in the unit that scaling laws are about; `total` is all of it. */
export type AdoBatch = {
  readonly counts: readonly number[]
  readonly total: number
  /** Mean losses, nats; `null` for domains without one that can be used. */
  readonly losses: readonly (number | null)[]
}

/** What a step says, or undefined where it holds no data at all. Sequences nobody counted are as many as the tokens make. */
export function adoBatch(settings: AdoSettings, fact: StepFact): AdoBatch | undefined {
  const bySequence = settings.countUnit === 'sequences' ? fact.sequences : undefined
  let total = 0
  const counts = fact.tokens.map((tokens, i) => {
    const count = bySequence?.[i] ?? tokens / settings.tokensPerCount
    const sound = fact.present[i] === true && count > 0 ? count : 0
    total += sound
    return sound
  })
  if (!(total > 0 && total < Infinity)) return undefined
  return { counts, total, losses: counts.map((_, i) => usableLoss(settings, fact, i)) }
}

function usableLoss(settings: AdoSettings, fact: StepFact, i: number): number | null {
  const loss = meanLoss(settings, fact, i)
  return fact.present[i] === true && loss > 0 && loss <= settings.highestLoss ? loss : null
}

/** The mean over sequences of their mean losses where that was sent and sequences count; else the mean over tokens. */
function meanLoss(
  { countUnit }: AdoSettings,
  { signals, sequences, lossSum, tokens }: StepFact,
  i: number,
): number {
  const summed = signals['sequenceLossSum']?.[i]
  const count = sequences?.[i]
  return countUnit === 'sequences' && summed !== undefined && count !== undefined && count > 0
    ? summed / count
    : lossSum[i]! / tokens[i]!
}

/**
 * The row as the published codes see it: a domain without a loss repeats its last one; before its first, the official code
 * has the mean of the whole batch.
 */
export function imputed(
  { counts, losses }: AdoBatch,
  last: readonly (number | null)[],
  before: 'batchMean' | 'nothing',
): readonly (number | null)[] {
  let sum = 0
  let of = 0
  for (let i = 0; i < counts.length; i++) {
    if (losses[i] === null) continue
    sum += losses[i]! * counts[i]!
    of += counts[i]!
  }
  const mean = before === 'batchMean' && of > 0 && sum < Infinity ? sum / of : null
  return losses.map((loss, i) => loss ?? last[i] ?? mean)
}
