import { roundHalfEven } from '../numerics/round-half-even.js'
import { sum } from '../numerics/sum.js'

/** What pre-rollouts of a prompt say: how many were right, and norms of the gradient of their log-probability. */
export type GradientReport = {
  readonly successes: number
  readonly rollouts: number
  readonly rightNormSum: number
  readonly rightNormSquareSum: number
  readonly wrongNormSum: number
  readonly wrongNormSquareSum: number
}

/**
 * σ of CurES (arXiv 2510.01037), the root of the trace of the gradient estimate's variance: Tr = p(1−p)²·E[‖g‖² | right] +
 * p²(1−p)·E[‖g‖² | wrong] − p²(1−p)²·(mean norm right − mean norm wrong)². The last term of the paper is the squared norm of
 * a difference of mean gradients; the published code, and a report of norms, has the difference of mean norms.
 * 0 for a prompt that is not mixed, and where numbers are too large to be squared.
 */
export function gradientSpread(report: GradientReport): number {
  const { successes, rollouts } = report
  const wrong = rollouts - successes
  if (!(successes > 0) || !(wrong > 0)) return 0
  const passRate = successes / rollouts
  const failRate = wrong / rollouts
  const gap = report.rightNormSum / successes - report.wrongNormSum / wrong
  const trace =
    passRate * failRate ** 2 * (report.rightNormSquareSum / successes) +
    passRate ** 2 * failRate * (report.wrongNormSquareSum / wrong) -
    (passRate * failRate * gap) ** 2
  return trace > 0 && trace < Infinity ? Math.sqrt(trace) : 0
}

/**
 * A budget of rollouts in proportion to σ, each share rounded on its own and halves to even, as published: the counts need
 * not sum to the budget. Undefined where every σ is 0. For counts that do sum to it: `roundToTotal`.
 */
export function proportionalRollouts(
  spreads: readonly number[],
  budget: number,
): readonly number[] | undefined {
  const total = sum(spreads)
  return total > 0 ? spreads.map((spread) => roundHalfEven(budget * (spread / total))) : undefined
}

/** Adds rollouts one at a time, largest count first and ties to the lower index, until the total is a multiple of the devices. */
export function alignToDevices(counts: readonly number[], devices: number): readonly number[] {
  const aligned = [...counts]
  const order = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b)
  const missing = (devices - (sum(counts) % devices)) % devices
  for (let added = 0; added < missing; added++) aligned[order[added % order.length]!]!++
  return aligned
}
