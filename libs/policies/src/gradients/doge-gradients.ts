import { meanSignal } from '../rollouts/mean-signal.js'
import type { StepFact } from '../policy.js'

export type DogeConfig = {
  readonly variant: 'official' | 'paper'
  readonly learningRate: number | null
  readonly scoreDivisor: number
  readonly smoothing: number
  readonly scoreMinimum: number | null
  readonly scoreMaximum: number | null
  readonly targetOnly: readonly string[]
}

/** The last alignment and gradient norm of every domain: 0 before the first, as of a gradient of zeros. */
export type Gradients = { readonly alignment: readonly number[]; readonly norm: readonly number[] }

/** Keeps the mean norm, by which scores are divided, away from 0; the published code's number. */
const smallestNorm = 1e-6

/** What is known of every gradient after this step; undefined where no training domain reported one. */
export function readGradients(
  config: DogeConfig,
  trained: readonly boolean[],
  known: Gradients,
  fact: StepFact,
): Gradients | undefined {
  const { gradientAlignment, gradientSquaredNorm, gradientReports } = fact.signals
  const alignment = [...known.alignment]
  const norm = [...known.norm]
  let isNew = false
  for (let i = 0; i < alignment.length; i++) {
    if (!trained[i]) continue
    const aligned = meanSignal(fact, gradientAlignment, gradientReports, i)
    const square = config.variant === 'paper' ? 0 : meanSignal(fact, gradientSquaredNorm, gradientReports, i)
    if (aligned === undefined || square === undefined || square < 0) continue
    alignment[i] = aligned
    norm[i] = Math.sqrt(square)
    isNew = true
  }
  return isNew ? { alignment, norm } : undefined
}

/** learning rate · score / scoreDivisor of every domain. */
export function dogeExponents(
  config: DogeConfig,
  trained: readonly boolean[],
  { alignment, norm }: Gradients,
  learningRate: number,
): readonly number[] {
  // Bounded, because an infinite factor times a score of 0 would be no number.
  const factor = Math.min(learningRate / config.scoreDivisor, Number.MAX_VALUE)
  if (config.variant === 'paper') return alignment.map((aligned) => factor * aligned)
  let norms = 0
  let count = 0
  for (let i = 0; i < norm.length; i++) {
    if (!trained[i]) continue
    norms += norm[i]!
    count++
  }
  const divisor = norms / count + smallestNorm
  const lowest = config.scoreMinimum ?? -Infinity
  const highest = config.scoreMaximum ?? Infinity
  return alignment.map((aligned) => factor * Math.min(Math.max(aligned / divisor, lowest), highest))
}
