import { softmax } from '../numerics/softmax.js'

/**
 * How a normalised loss h in [−δ, δ] turns into a score (arXiv 2502.06733 and its code):
 * - `linUpper`: min(h + δ, δ); only easy sequences lose.
 * - `quadratic`: 1 − h²/δ²; the middle gains. The code calls it `mid`.
 * - `extremes`: |h|; both ends gain.
 * - `linear`: (h + δ)/2; the hard gain without a cap. The code calls it `upper`; the paper does not have it.
 * - `readmeUniform`: h itself, which the README calls uniform; it is not, for the weights are then in proportion to exp(h/r).
 */
export const lossStrategies = ['linUpper', 'quadratic', 'extremes', 'linear', 'readmeUniform'] as const
export type LossStrategy = (typeof lossStrategies)[number]

export type LossReweighting = {
  readonly strategy: LossStrategy
  /** r: large for equal weights, small for a hard focus; `null` switches reweighting off. */
  readonly temperature: number | null
  readonly warmUpSteps: number
  /** The same for steps below `warmUpSteps`. */
  readonly warmUpTemperature: number | null
  readonly delta: number
  /** The range of the losses counts as at least this. */
  readonly rangeGuard: number
}

/** r in force at a step, counted from 0; `null` for equal weights. */
export function temperatureAt(settings: LossReweighting, step: number): number | null {
  return step < settings.warmUpSteps ? settings.warmUpTemperature : settings.temperature
}

/** hᵢ = δ·(2ℓᵢ − ℓ⁺ − ℓ⁻) / max(ℓ⁺ − ℓ⁻, guard), and the strategy's score of it; NaN for a loss that is not finite. */
export function lossScores(
  losses: readonly number[],
  { strategy, delta, rangeGuard }: LossReweighting,
): readonly number[] {
  let least = Infinity
  let most = -Infinity
  for (const loss of losses) {
    if (!Number.isFinite(loss)) continue
    if (loss < least) least = loss
    if (loss > most) most = loss
  }
  const range = Math.max(most - least, rangeGuard)
  return losses.map((loss) =>
    Number.isFinite(loss) ? score(strategy, (delta * (loss - most + (loss - least))) / range, delta) : NaN,
  )
}

function score(strategy: LossStrategy, h: number, delta: number): number {
  switch (strategy) {
    case 'linUpper':
      return Math.min(h + delta, delta)
    case 'quadratic':
      return 1 - (h * h) / (delta * delta)
    case 'extremes':
      return Math.abs(h)
    case 'linear':
      return (h + delta) / 2
    case 'readmeUniform':
      return h
  }
}

/**
 * Weights of the sequences of a global batch, summing to one: softmax(score / r). What a trainer does with the control
 * `lossReweighting`. A loss that is not finite has weight 0, where the published code makes every weight NaN.
 */
export function sequenceWeights(
  losses: readonly number[],
  settings: LossReweighting,
  step: number,
): readonly number[] {
  const temperature = temperatureAt(settings, step)
  const scores = lossScores(losses, settings)
  return softmax(
    scores.map((one) => (Number.isNaN(one) ? -Infinity : temperature === null ? 0 : one / temperature)),
  )
}
