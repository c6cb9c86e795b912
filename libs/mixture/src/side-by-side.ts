import type { LedgerData } from '@mixdesk/contracts'

/** A step at which the recorded run or the other policy decided, with what both wanted from then on. */
export type SideBySide = {
  readonly attempt: number
  readonly step: number
  readonly recorded: readonly number[]
  readonly recordedVersion: number
  readonly other: readonly number[]
  readonly otherVersion: number
  /** Half the sum over domains of |recorded − other|: 0 for the same mixture, 1 for none in common. */
  readonly totalVariation: number
  /**
   * Share of the samples drawn under the recorded mixture that is left, in effect, when they are weighted to stand for the
   * other one: 1 / Σ other² / recorded (Kish). Near 0, the recorded losses say little about the other mixture. Null where
   * weights are not sampling probabilities.
   */
  readonly effectiveSampleShare: number | null
}

type Decided = LedgerData<'MixtureDecided'>

/** Both paths over the steps at which either decided, in log order. */
export function sideBySide(
  recorded: readonly Decided[],
  other: readonly Decided[],
  start: readonly number[],
): SideBySide[] {
  const rows: SideBySide[] = []
  let [r, o] = [0, 0]
  let before: Decided | undefined
  let otherBefore: Decided | undefined
  while (r < recorded.length || o < other.length) {
    const next = [recorded[r], other[o]]
      .filter((one) => one !== undefined)
      .reduce((a, b) => (isBefore(b, a) ? b : a))
    while (r < recorded.length && !isBefore(next, recorded[r]!)) before = recorded[r++]
    while (o < other.length && !isBefore(next, other[o]!)) otherBefore = other[o++]
    const a = before?.weights ?? start
    const b = otherBefore?.weights ?? start
    const samples = [before, otherBefore].every(
      (one) => one === undefined || one.meaning === 'samplingProbability',
    )
    rows.push({
      attempt: next.attempt,
      step: next.step,
      recorded: a,
      recordedVersion: before?.version ?? 0,
      other: b,
      otherVersion: otherBefore?.version ?? 0,
      totalVariation: a.reduce((sum, weight, i) => sum + Math.abs(weight - b[i]!), 0) / 2,
      effectiveSampleShare: samples ? effectiveShare(a, b) : null,
    })
  }
  return rows
}

const isBefore = (a: Decided, b: Decided) =>
  a.attempt < b.attempt || (a.attempt === b.attempt && a.step < b.step)

function effectiveShare(sampled: readonly number[], wanted: readonly number[]): number {
  let spread = 0
  wanted.forEach((weight, i) => {
    // A domain that is wanted but was never sampled: nothing recorded can stand for it.
    if (weight > 0) spread += weight * (weight / sampled[i]!)
  })
  return 1 / spread
}
