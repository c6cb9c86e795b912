import { gradientSpread } from './cures-rollouts.js'
import { passCounts } from '../rollouts/pass-counts.js'
import type { PassRecords } from './pass-records.js'
import type { Unit } from './prompt-settings.js'
import type { StepFact } from '../policy.js'
import { sum } from '../numerics/sum.js'

export type CuresConfig = {
  readonly variant: 'paper' | 'official'
  readonly unit: Unit
  readonly temperature: number
  readonly temperatureScale: number
  readonly priorSuccesses: number
  readonly priorFailures: number
  readonly resetEvery: number | null
  readonly rollouts: 'passRates' | 'gradients' | 'none'
  readonly rolloutsPerPrompt: number
  readonly totalBudget: number | null
  readonly leastRollouts: number
  readonly devices: number
  readonly preRollouts: number
  readonly memory: number
}

/** Sums over the right, and over the wrong rollouts of every prompt, of gradient norms and of their squares. */
export const normSignals = [
  'gradientNormRightSum',
  'gradientNormRightSquareSum',
  'gradientNormWrongSum',
  'gradientNormWrongSquareSum',
] as const

export type CuresState = PassRecords & {
  /** Which iteration the counts are of. */
  readonly iteration: number
  /** The sums of `normSignals`, in that order, for every prompt; empty where they are not read. */
  readonly norms: readonly (readonly number[])[]
}

function posterior(config: CuresConfig, successes: number, rollouts: number): number {
  const { priorSuccesses, priorFailures } = config
  return (priorSuccesses + successes) / (priorSuccesses + priorFailures + rollouts)
}

/** √(p(1 − p)), the standard deviation of one rollout. */
function deviationOf(passRate: number): number {
  return Math.sqrt(passRate * (1 - passRate))
}

/** √(p(1 − p)) of every prompt. */
export function promptDeviations(config: CuresConfig, state: CuresState): readonly number[] {
  return state.rollouts.map((rollouts, i) => deviationOf(posterior(config, state.successes[i]!, rollouts)))
}

/** The mean of √(p(1 − p)) over the prompts of every domain. */
export function meanDeviations(config: CuresConfig, state: CuresState): readonly number[] {
  const byBin = Array.from({ length: config.preRollouts + 1 }, (_, successes) =>
    deviationOf(posterior(config, successes, config.preRollouts)),
  )
  const unseen = deviationOf(posterior(config, 0, 0))
  return state.histograms.map((bins) => {
    const prompts = sum(bins)
    if (prompts === 0) return unseen
    return sum(bins.map((count, bin) => (count / prompts) * byBin[bin]!))
  })
}

/** σ of every prompt from gradient norms; a prompt never seen counts as the mean of the others. */
export function gradientSpreads(state: CuresState): readonly number[] {
  const [right, rightSquares, wrong, wrongSquares] = state.norms
  const spreads = state.rollouts.map((rollouts, i) =>
    gradientSpread({
      successes: state.successes[i]!,
      rollouts,
      rightNormSum: right![i]!,
      rightNormSquareSum: rightSquares![i]!,
      wrongNormSum: wrong![i]!,
      wrongNormSquareSum: wrongSquares![i]!,
    }),
  )
  const seen = spreads.filter((_, i) => state.rollouts[i]! > 0)
  const typical = sum(seen) / Math.max(1, seen.length)
  return spreads.map((spread, i) => (state.rollouts[i]! > 0 ? spread : typical))
}

/** Adds what a step reports of prompts, after a reset where an iteration begins. */
export function watchPrompts(config: CuresConfig, before: CuresState, fact: StepFact): CuresState {
  const iteration = config.resetEvery === null ? 0 : Math.floor(fact.step / config.resetEvery)
  const state = iteration === before.iteration ? before : cleared(before, iteration)
  const successes = [...state.successes]
  const rollouts = [...state.rollouts]
  const norms = state.norms.map((sums) => [...sums])
  let isNew = false
  for (let i = 0; i < rollouts.length; i++) {
    const fresh = passCounts(fact, i)
    const added = norms.map((sums, n) => sums[i]! + (fact.signals[normSignals[n]!]?.[i] ?? NaN))
    if (fresh === undefined || !added.every((total, n) => total >= norms[n]![i]! && total < Infinity))
      continue
    isNew = true
    successes[i]! += fresh.successes
    rollouts[i]! += fresh.rollouts
    added.forEach((total, n) => (norms[n]![i] = total))
  }
  return isNew ? { ...state, successes, rollouts, norms } : state
}

function cleared(state: CuresState, iteration: number): CuresState {
  const zeros = state.rollouts.map(() => 0)
  return { ...state, iteration, successes: zeros, rollouts: zeros, norms: state.norms.map(() => zeros) }
}
