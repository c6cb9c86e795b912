import type { Controls } from '@mixdesk/contracts'

type Rules = NonNullable<Controls['lossReweighting']>

const scores = {
  linUpper: (h: number, delta: number) => Math.min(h + delta, delta),
  quadratic: (h: number, delta: number) => 1 - (h / delta) ** 2,
  extremes: (h: number) => Math.abs(h),
  linear: (h: number, delta: number) => (h + delta) / 2,
  readmeUniform: (h: number) => h,
} satisfies Record<Rules['strategy'], (h: number, delta: number) => number>

/** What each sequence of a batch counts in its loss, 1 on average, as the control `lossReweighting` tells a trainer. */
export function reweighSequences(rules: Rules, losses: readonly number[], step: number): number[] {
  const temperature = step < rules.warmUpSteps ? rules.warmUpTemperature : rules.temperature
  if (temperature === null) return losses.map(() => 1)
  const least = Math.min(...losses)
  const most = Math.max(...losses)
  const range = Math.max(most - least, rules.rangeGuard)
  const score = scores[rules.strategy]
  const terms = losses.map((loss) => {
    const h = (rules.delta * (2 * loss - most - least)) / range
    return Math.exp((score(h, rules.delta) - rules.delta) / temperature)
  })
  const mean = terms.reduce((sum, term) => sum + term, 0) / losses.length
  return terms.map((term) => term / mean)
}
