import type { PromptDomain } from './world.js'

/** The middles of five equal parts of a normal distribution: a domain's prompts come in these difficulties. */
const levels = [-1.2815515655446004, -0.5244005127080407, 0, 0.5244005127080407, 1.2815515655446004] as const
export const levelCount = levels.length

/** The chance of a rollout to succeed, of each difficulty in the domain, after so many effective tokens. */
export function passRates(domain: PromptDomain, effective: number): number[] {
  const skill = domain.growth * Math.log1p(effective / domain.tokenScale)
  return levels.map((level) => 1 / (1 + Math.exp(domain.difficulty + level * domain.spread - skill)))
}

/** Share of held-out prompts that fail. */
export const failureRate = (domain: PromptDomain, effective: number): number =>
  1 - mean(passRates(domain, effective))

/** Its derivative by effective tokens. */
export const failureSlope = (domain: PromptDomain, effective: number): number =>
  (-mean(passRates(domain, effective).map((p) => p * (1 - p))) * domain.growth) /
  (domain.tokenScale + effective)

/**
 * What a group of rollouts teaches, from 0 to 1: 2·√(p̂(1 − p̂)) for the share p̂ that succeeded. In a logistic model that
 * is the size of the gradient of a group whose advantages are divided by their deviation (GRPO, arXiv:2402.03300): nothing
 * where all rollouts end alike.
 */
export const groupLesson = (successes: number, rollouts: number): number => {
  const share = successes / rollouts
  return 2 * Math.sqrt(share * (1 - share))
}

/** The same on average, over the groups of a prompt that is passed with this chance. */
export function expectedLesson(rate: number, rollouts: number): number {
  if (rate <= 0 || rate >= 1) return 0
  // From the likelier end on, so that no power underflows before it counts.
  const chance = Math.min(rate, 1 - rate)
  const odds = chance / (1 - chance)
  let binomial = (1 - chance) ** rollouts
  let sum = 0
  for (let successes = 1; successes < rollouts; successes++) {
    binomial *= (odds * (rollouts - successes + 1)) / successes
    sum += binomial * groupLesson(successes, rollouts)
  }
  return sum
}

/** What a rollout of the domain teaches on average, over its difficulties. */
export const domainLesson = (domain: PromptDomain, effective: number, rollouts: number): number =>
  mean(passRates(domain, effective).map((rate) => expectedLesson(rate, rollouts)))

function mean(numbers: readonly number[]): number {
  let sum = 0
  for (const n of numbers) sum += n
  return sum / numbers.length
}
