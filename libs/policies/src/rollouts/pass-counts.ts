import type { StepFact } from '../policy.js'

/** Counts above this are no counts of rollouts; below it sums over a whole run stay exact enough and finite. */
const largestCount = 1e12

export type PassCounts = { readonly successes: number; readonly rollouts: number }

/**
 * What a step says of the pass rate of domain i: `successes` of `rollouts`. Undefined where it says nothing: the domain was
 * absent, had no rollouts, or the two are no counts (negative, not finite, more successes than rollouts).
 */
export function passCounts(fact: StepFact, i: number): PassCounts | undefined {
  const successes = fact.signals['successes']?.[i]
  const rollouts = fact.signals['rollouts']?.[i]
  if (fact.present[i] !== true || successes === undefined || rollouts === undefined) return undefined
  const isSound = rollouts > 0 && rollouts <= largestCount && successes >= 0 && successes <= rollouts
  // Adding 0 turns -0, which JSON cannot carry, into 0.
  return isSound ? { successes: successes + 0, rollouts } : undefined
}

/** `passBin0` … `passBinG`: prompts of a domain of whose G rollouts so many succeeded. */
export function passBinNames(rollouts: number): readonly string[] {
  return Array.from({ length: rollouts + 1 }, (_, successes) => `passBin${successes}`)
}

/** The signals `passBin0` … `passBinG` of a step, or undefined where one of them is missing. */
export function passBinColumns(fact: StepFact, rollouts: number): readonly (readonly number[])[] | undefined {
  const columns: (readonly number[])[] = []
  for (let successes = 0; successes <= rollouts; successes++) {
    const column = fact.signals[`passBin${successes}`]
    if (column === undefined) return undefined
    columns.push(column)
  }
  return columns
}

/**
 * The prompts behind the histogram that a step brings for domain i; 0 where it brings none: the domain was absent, or a bin
 * is no count.
 */
export function promptsIn(fact: StepFact, i: number, columns: readonly (readonly number[])[]): number {
  if (fact.present[i] !== true) return 0
  let total = 0
  for (const column of columns) {
    const prompts = column[i]!
    if (!(prompts >= 0 && prompts <= largestCount)) return 0
    total += prompts
  }
  return total
}

/** Histograms with those of a step added, the older ones counting `memory` as much wherever there is something new. */
export function addPassBins(
  histograms: readonly (readonly number[])[],
  fact: StepFact,
  memory: number,
): readonly (readonly number[])[] {
  const columns = passBinColumns(fact, histograms[0]!.length - 1)
  if (columns === undefined) return histograms
  return histograms.map((old, i) => {
    if (promptsIn(fact, i, columns) === 0) return old
    const bins = new Array<number>(old.length)
    // Adding 0 turns -0, which JSON cannot carry, into 0.
    for (let bin = 0; bin < bins.length; bin++) bins[bin] = memory * old[bin]! + columns[bin]![i]! + 0
    return bins
  })
}
