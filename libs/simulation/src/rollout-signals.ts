import type { Report, Signal } from './report.js'
import type { Group } from './rollouts.js'

/** Sum of |reward − mean reward| over a group, for rewards of 0 and 1. */
const deviations = ({ successes, rollouts }: Group) => (2 * successes * (rollouts - successes)) / rollouts

/** Unbiased standard deviation of its rewards. */
const deviation = ({ successes, rollouts }: Group) =>
  rollouts < 2 ? 0 : Math.sqrt((successes * (rollouts - successes)) / rollouts / (rollouts - 1))

function sums(report: Report, amount: (group: Group) => number): number[] {
  const all = report.tokens.map(() => 0)
  for (const group of report.groups) if (group.rollouts > 0) all[group.domain]! += amount(group)
  return all
}

/** What is told of rollouts, all that were generated: only a world of prompts has them. */
export const rolloutSignals: Readonly<Record<string, Signal>> = {
  rollouts: (report) => sums(report, ({ rollouts }) => rollouts),
  successes: (report) => sums(report, ({ successes }) => successes),
  prompts: (report) => sums(report, () => 1),
  // Prompts whose rollouts don't all end alike: only these have a gradient.
  mixedPrompts: (report) =>
    sums(report, ({ successes, rollouts }) => (successes > 0 && successes < rollouts ? 1 : 0)),
  rewardSum: (report) => sums(report, ({ successes }) => successes),
  absAdvantageSum: (report) => sums(report, (group) => deviations(group) / (deviation(group) + 1e-6)),
  absUnnormalisedAdvantageSum: (report) => sums(report, deviations),
  // A stand-in for the angle concentration of hidden states, which is high for what the model knows.
  angleSum: (report) => sums(report, ({ rollouts, rate }) => rollouts * rate),
  // In a logistic model the gradient of a log-chance is 1 − p where a rollout succeeds, and −p where it fails.
  gradientNormRightSum: (report) => sums(report, ({ successes, rate }) => successes * (1 - rate)),
  gradientNormRightSquareSum: (report) => sums(report, ({ successes, rate }) => successes * (1 - rate) ** 2),
  gradientNormWrongSum: (report) =>
    sums(report, ({ successes, rollouts, rate }) => (rollouts - successes) * rate),
  gradientNormWrongSquareSum: (report) =>
    sums(report, ({ successes, rollouts, rate }) => (rollouts - successes) * rate ** 2),
}

/** Prompts whose share of successes is nearest to this bin's. */
export const passBin = (report: Report, bin: number): number[] =>
  sums(report, ({ successes, rollouts }) =>
    Math.round((successes * report.lastBin) / rollouts) === bin ? 1 : 0,
  )
