import {
  leastRollouts,
  neededByMixed,
  tooSmall,
  type Allocation,
  type KnapsackRules,
  type PassRates,
} from './knapsack-exact.js'
import type { InformationGain } from './knapsack-value.js'
import { spendGreedily, spreadEvenly } from './spend-greedily.js'
import { sum } from '../numerics/sum.js'

/** Steps of the dynamic program that a decision may take, some tenths of a second; the published batch needs half of it. */
const largestProgram = 1e8

/**
 * What the published program computes, its oddities included: pass rates in float32, "no extra rollout" worth 0 and one or
 * more worth the full value, ties to the smallest extra count, prompts read back from the last. Where it fails its own
 * check of the budget, the answer is a refusal. Rollouts beyond what mixed prompts may have at most still go to them.
 *
 * Its steps are mixed prompts × free budget × largest extra. Where they are too many, the greedy rule finds an allocation
 * with the same objective, of which there may be several; it needs a minimum of at least 1.
 */
export function allocateOfficially(rules: KnapsackRules, passRates: PassRates): Allocation {
  const rollouts = leastRollouts(rules, passRates)
  const budget = rules.totalBudget ?? rules.rolloutsPerPrompt * passRates.length
  let free = budget - sum(rollouts)
  const mixed = passRates.flatMap((rate, i) => (rate !== null && rate > 0 && rate < 1 ? [i] : []))
  // Prompts of which nothing is known count as all wrong when something is left over.
  const allWrong = passRates.flatMap((rate, i) => (rate === null || Math.fround(rate) === 0 ? [i] : []))
  const endless = rollouts.map(() => Infinity)
  let ratio = 1
  let fallback = false

  if (free > 0 && mixed.length === 0) {
    if (allWrong.length > 0) spreadEvenly(rollouts, endless, free, allWrong)
    else rollouts.fill(rules.rolloutsPerPrompt)
    return checked(rollouts, budget, { fallback, fallbackEffectiveRatio: ratio })
  }
  const { needed } = neededByMixed(rules, passRates)
  if (rules.fallback && needed < free) {
    fallback = true
    ratio = needed / free
    const allRight = passRates.flatMap((rate, i) => (rate === 1 ? [i] : []))
    spreadEvenly(rollouts, endless, free - needed, allWrong.length > 0 ? allWrong : allRight)
    free = needed
  }
  const extra = extraRollouts(
    rules,
    mixed.map((i) => passRates[i]!),
    free,
  )
  if (extra === undefined) {
    return {
      refused: `The official program would take more than ${largestProgram} steps for ${mixed.length} mixed prompts and ${free} free rollouts; use the variant \`exact\`, or a minimum of 1 or more.`,
    }
  }
  mixed.forEach((i, place) => (rollouts[i]! += extra[place]!))
  return checked(rollouts, budget, { fallback, fallbackEffectiveRatio: ratio })
}

function checked(
  rollouts: readonly number[],
  budget: number,
  how: { readonly fallback: boolean; readonly fallbackEffectiveRatio: number },
): Allocation {
  const total = sum(rollouts)
  if (total === budget) return { rollouts, ...how }
  return {
    refused:
      total > budget
        ? tooSmall(budget, total)
        : `The official program gives out ${total} rollouts of ${budget} and stops there: it hands what mixed prompts do not need to prompts that always fail or always succeed, and here there are none. Switch \`fallback\` off, or use the variant \`exact\`.`,
  }
}

/** Rollouts beyond the minimum for each mixed prompt. */
function extraRollouts(
  rules: KnapsackRules,
  passRates: readonly number[],
  free: number,
): readonly number[] | undefined {
  const extra = new Array<number>(passRates.length).fill(0)
  if (free <= 0) return extra
  const largest = Math.max(0, rules.maximum - rules.minimum)
  const rates = passRates.map(Math.fround)
  const usable = Math.min(free, rates.length * largest)
  const values = valueTable(rates, rules, Math.min(largest, usable))
  let solved: readonly number[] = extra
  if (usable > 0) {
    if (rates.length * usable * largest <= largestProgram) solved = program(values, usable)
    else if (rules.minimum >= 1) solved = greedily(values, usable)
    else return undefined
  }
  const counts = [...solved]
  // A budget that cannot be used up goes to the mixed prompts regardless of the maximum.
  spreadEvenly(
    counts,
    counts.map(() => Infinity),
    free - usable,
    [...counts.keys()],
  )
  return counts
}

/** values[i][k]: what k extra rollouts of prompt i are worth to the program; 0 for none. */
function valueTable(
  rates: readonly number[],
  rules: KnapsackRules,
  largest: number,
): readonly Float64Array[] {
  const byRate = new Map<number, Float64Array>()
  return rates.map((rate) => {
    const known = byRate.get(rate)
    if (known !== undefined) return known
    const values = new Float64Array(largest + 1)
    if (rate > 0 && rate < 1)
      for (let k = 1; k <= largest; k++)
        values[k] = officialValue(k + rules.minimum, rate, rules.informationGain)
    byRate.set(rate, values)
    return values
  })
}

/** The published formula in its own order of operations, on which ties hang. */
function officialValue(rollouts: number, rate: number, gain: InformationGain): number {
  const fails = 1 - rate
  const chance = 1 - Math.pow(rate, rollouts) - Math.pow(fails, rollouts)
  if (gain === 'p(1-p)') return chance * rate * fails
  return chance * rate * (gain === 'p(1-p)^2' ? fails * fails : fails * fails * fails)
}

/** The dynamic program over prompts and budget; the whole budget is used. */
function program(values: readonly Float64Array[], budget: number): readonly number[] {
  const width = budget + 1
  const choice = new Int32Array(values.length * width)
  let best = new Float64Array(width).fill(-Infinity)
  best[0] = 0
  values.forEach((value, item) => {
    const next = new Float64Array(width)
    for (let spent = 0; spent < width; spent++) {
      let most = best[spent]!
      let chosen = 0
      const largest = Math.min(value.length - 1, spent)
      for (let k = 1; k <= largest; k++) {
        const worth = best[spent - k]! + value[k]!
        if (worth > most) {
          most = worth
          chosen = k
        }
      }
      next[spent] = most
      choice[item * width + spent] = chosen
    }
    best = next
  })
  const extra = new Array<number>(values.length).fill(0)
  let spent = budget
  for (let item = values.length - 1; item >= 0; item--) {
    extra[item] = choice[item * width + spent]!
    spent -= extra[item]!
  }
  return extra
}

function greedily(values: readonly Float64Array[], budget: number): readonly number[] {
  return spendGreedily({
    counts: values.map(() => 0),
    caps: values.map((value) => value.length - 1),
    budget,
    gain: (i, count) => values[i]![count + 1]! - values[i]![count]!,
  })
}
