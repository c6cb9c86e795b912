import { marginalValue, rolloutsNeeded, type CostEstimation, type InformationGain } from './knapsack-value.js'
import { spendGreedily, spreadEvenly } from './spend-greedily.js'
import { sum } from '../numerics/sum.js'

export type KnapsackRules = {
  /** Rollouts of a prompt of which too little is known; the budget is so many for each prompt where none is given. */
  readonly rolloutsPerPrompt: number
  readonly totalBudget: number | null
  /** Least rollouts of a mixed prompt, and of prompts that always fail or always succeed (`null`: the same). */
  readonly minimum: number
  readonly allWrong: number | null
  readonly allRight: number | null
  readonly maximum: number
  readonly fallback: boolean
  readonly confidence: number
  readonly costEstimation: CostEstimation
  readonly informationGain: InformationGain
}

/** A pass rate for every prompt, `null` where too little is known. */
export type PassRates = readonly (number | null)[]

export type Allocation =
  | {
      readonly rollouts: readonly number[]
      /** Whether rollouts that mixed prompts hardly need went to others. */
      readonly fallback: boolean
      /** The mixed prompts' estimated need as a share of what was free. */
      readonly fallbackEffectiveRatio: number
    }
  | { readonly refused: string }

/**
 * Rollouts per prompt that maximise Σ value (arXiv 2509.25849). The value is concave in the rollouts, so the greedy rule is
 * exact; there is no dynamic program to run. With `fallback`, what mixed prompts are estimated not to need goes to prompts
 * that always failed, or else to those that always succeeded; where there are neither, mixed prompts keep it.
 */
export function allocateExactly(rules: KnapsackRules, passRates: PassRates): Allocation {
  const counts = leastRollouts(rules, passRates)
  const caps = counts.map((least, i) => (passRates[i] === null ? least : Math.max(rules.maximum, least)))
  const budget = rules.totalBudget ?? rules.rolloutsPerPrompt * passRates.length
  const free = budget - sum(counts)
  if (free < 0) return { refused: tooSmall(budget, sum(counts)) }
  if (budget > sum(caps)) {
    return {
      refused: `The budget of ${budget} rollouts is more than the ${sum(caps)} that the prompts may have at most; lower it, or raise \`maximum\`.`,
    }
  }
  const { needed, mixed } = neededByMixed(rules, passRates)
  let spare = mixed === 0 ? free : rules.fallback ? Math.max(0, free - needed) : 0
  const abundant = spare
  for (const rate of [0, 1]) {
    const receivers = passRates.flatMap((one, i) => (one === rate ? [i] : []))
    spare = spreadEvenly(counts, caps, spare, receivers)
  }
  const passedOn = abundant - spare
  const rollouts = spendGreedily({
    counts,
    caps,
    budget: free - passedOn,
    gain: (i, count) => marginalValue(count, passRates[i] ?? 0, rules.informationGain),
  })
  const fallback = mixed > 0 && passedOn > 0
  return { rollouts, fallback, fallbackEffectiveRatio: fallback ? needed / free : 1 }
}

export function leastRollouts(rules: KnapsackRules, passRates: PassRates): number[] {
  return passRates.map((rate) => {
    if (rate === null) return rules.rolloutsPerPrompt
    if (rate > 0 && rate < 1) return rules.minimum
    return (rate === 0 ? rules.allWrong : rules.allRight) ?? rules.minimum
  })
}

/** How many prompts are mixed, and how many rollouts beyond the least they need, each estimate rounded down. */
export function neededByMixed(
  rules: KnapsackRules,
  passRates: PassRates,
): { readonly mixed: number; readonly needed: number } {
  let mixed = 0
  let needed = 0
  for (const rate of passRates) {
    if (rate === null || rate <= 0 || rate >= 1) continue
    // Float32, as the official code keeps its costs: 2.9999999999999996 is 3 there.
    const cost = Math.fround(rolloutsNeeded(rate, rules.costEstimation, rules.confidence))
    needed += Math.trunc(Math.min(rules.maximum, cost))
    mixed++
  }
  return { mixed, needed }
}

export const tooSmall = (budget: number, least: number): string =>
  `The budget of ${budget} rollouts is less than the ${least} that the prompts have at least; raise it, or lower \`minimum\`.`

/**
 * The same for groups of prompts, each given as a histogram of pass rates (bin b of B holds prompts with pass rate b/(B − 1)):
 * rollouts for each prompt of a group. One more for a group costs as many rollouts as it has prompts, so the gain that
 * counts is the mean over them; a budget that is left when no group can be served whole stays unspent.
 */
export function allocateByGroup(
  rules: KnapsackRules,
  histograms: readonly (readonly number[])[],
): Allocation {
  const prompts = histograms.map(sum)
  const counts = prompts.map((known) => (known > 0 ? rules.minimum : rules.rolloutsPerPrompt))
  const caps = prompts.map((known, i) => (known > 0 ? Math.max(rules.maximum, counts[i]!) : counts[i]!))
  if (rules.rolloutsPerPrompt < rules.minimum)
    return { refused: tooSmall(rules.rolloutsPerPrompt, rules.minimum) }
  const rollouts = spendGreedily({
    counts,
    caps,
    // Groups of which nothing is known are outside of it.
    budget: (rules.rolloutsPerPrompt - rules.minimum) * sum(prompts),
    gain: (i, count) => groupGain(rules, histograms[i]!, prompts[i]!, count),
    cost: (i) => prompts[i]!,
  })
  return { rollouts, fallback: false, fallbackEffectiveRatio: 1 }
}

function groupGain(rules: KnapsackRules, bins: readonly number[], prompts: number, rollouts: number): number {
  let gain = 0
  for (const [bin, count] of bins.entries())
    if (count > 0)
      gain += (count / prompts) * marginalValue(rollouts, bin / (bins.length - 1), rules.informationGain)
  return gain
}
