/** Which prompts a filter on pass rates keeps: `low` to `high`, bounds included unless `open`. */
export type AcceptBand = { readonly low: number; readonly high: number; readonly open: boolean }

/** Bounds such as 0.07 · 100 are whole numbers that floating point misses by less than this. */
const rounding = 1e-9

/**
 * Whether a prompt with so many successes of its rollouts is kept. Whole numbers are compared, not rates, so that 7 of
 * 100 is at a bound of 0.07 and 13 of 16 is above 0.8.
 */
export function isAccepted(band: AcceptBand, successes: number, rollouts: number): boolean {
  if (!(rollouts > 0)) return false
  const slack = rounding * Math.max(1, rollouts)
  const above = successes - band.low * rollouts
  const below = band.high * rollouts - successes
  return band.open ? above > slack && below > slack : above >= -slack && below >= -slack
}

/** The successes that are kept, 0 to `rollouts`. */
export function acceptedSuccesses(band: AcceptBand, rollouts: number): readonly boolean[] {
  return Array.from({ length: rollouts + 1 }, (_, successes) => isAccepted(band, successes, rollouts))
}

export type FilledBatch = {
  /** Places of the prompts taken: the first accepted ones, in order of arrival. */
  readonly batch: readonly number[]
  /** Rounds of prompts that were drawn, the first included. */
  readonly rounds: number
  readonly full: boolean
}

/**
 * What a trainer does with the control `acceptBand`: draws rounds of prompts until it has a batch of accepted ones, and
 * gives up after `maxRefill` rounds beyond the first. `accepted` holds every prompt that could be drawn, in order.
 */
export function fillBatch(
  accepted: readonly boolean[],
  rules: { readonly batch: number; readonly promptsPerRound: number; readonly maxRefill: number },
): FilledBatch {
  const batch: number[] = []
  let rounds = 0
  while (batch.length < rules.batch && rounds <= rules.maxRefill) {
    const from = rounds * rules.promptsPerRound
    if (from >= accepted.length) break
    rounds++
    for (let i = from; i < Math.min(from + rules.promptsPerRound, accepted.length); i++)
      if (accepted[i] === true && batch.length < rules.batch) batch.push(i)
  }
  return { batch, rounds, full: batch.length === rules.batch }
}
