/** How a trainer turns rewards into advantages: (reward − mean of the group) / (deviation + epsilon). */
export type AdvantageOptions = {
  /** What is added to the deviation; 1e-6 in the published trainers. */
  readonly epsilon?: number
  /** `unbiased` divides by rollouts − 1, as the published trainers do; `population` by rollouts. */
  readonly deviation?: 'unbiased' | 'population'
}

/**
 * Mean |advantage| of the rollouts of one prompt with rewards of 0 and 1: 2·p·(1 − p) / (deviation + epsilon), where p is
 * the share of successes. Without epsilon and bias it is 2·√(p·(1 − p)). 0 where all rollouts succeed, or all fail, or
 * there is only one; undefined for counts that are none (no rollouts, more successes than rollouts, not finite).
 *
 * Only exact for one prompt: taken of several prompts together it is at least their mean (the root is concave).
 */
export function meanAbsoluteAdvantage(
  successes: number,
  rollouts: number,
  options: AdvantageOptions = {},
): number | undefined {
  if (!(rollouts > 0 && rollouts < Infinity && successes >= 0 && successes <= rollouts)) return undefined
  const variance = (successes / rollouts) * ((rollouts - successes) / rollouts)
  // One rollout, or a fraction of one, has no deviation of its own.
  if (variance === 0 || rollouts <= 1) return 0
  const bias = options.deviation === 'population' ? 1 : rollouts / (rollouts - 1)
  return (2 * variance) / (Math.sqrt(variance * bias) + (options.epsilon ?? 1e-6))
}

/**
 * The sums that `dump` and `sec` read, from pass counts a prompt: [successes, rollouts] each. They merge exactly over
 * prompts, micro-batches and ranks, and give the mean over rollouts, so that prompts weigh by their rollouts.
 * Counts that are none are left out.
 */
export function absoluteAdvantageSum(
  prompts: readonly (readonly [successes: number, rollouts: number])[],
  options: AdvantageOptions = {},
): { readonly absAdvantageSum: number; readonly rollouts: number } {
  let absAdvantageSum = 0
  let total = 0
  for (const [successes, rollouts] of prompts) {
    const mean = meanAbsoluteAdvantage(successes, rollouts, options)
    if (mean === undefined) continue
    absAdvantageSum += mean * rollouts
    total += rollouts
  }
  return { absAdvantageSum, rollouts: total }
}
