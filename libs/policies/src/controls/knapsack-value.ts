/** What a mixed group of rollouts of a prompt with pass rate p teaches. `p(1-p)^2` is the paper's, greatest at p = 1/3. */
export const informationGains = ['p(1-p)^2', 'p(1-p)', 'p(1-p)^3'] as const
export type InformationGain = (typeof informationGains)[number]

/** How the rollouts that a prompt needs are estimated: for a mixed group with a given confidence, or in expectation. */
export const costEstimations = ['probability', 'expectation'] as const
export type CostEstimation = (typeof costEstimations)[number]

const powers: Readonly<Record<InformationGain, number>> = { 'p(1-p)': 1, 'p(1-p)^2': 2, 'p(1-p)^3': 3 }

export function informationGain(passRate: number, gain: InformationGain): number {
  return passRate * Math.pow(1 - passRate, powers[gain])
}

/** Chance that so many rollouts are neither all right nor all wrong: 1 − pᴺ − (1 − p)ᴺ, exact for p near 0 or 1 too. */
export function mixedChance(rollouts: number, passRate: number): number {
  const rare = Math.min(passRate, 1 - passRate)
  return Math.max(0, -Math.expm1(rollouts * Math.log1p(-rare)) - Math.pow(rare, rollouts))
}

/** What so many rollouts of a prompt are worth (arXiv 2509.25849): the chance of a mixed group times what it teaches. */
export function knapsackValue(
  rollouts: number,
  passRate: number,
  gain: InformationGain = 'p(1-p)^2',
): number {
  return mixedChance(rollouts, passRate) * informationGain(passRate, gain)
}

/** What one rollout more than `rollouts` adds to the value; falls with every rollout, since the value is concave in them. */
export function marginalValue(rollouts: number, passRate: number, gain: InformationGain): number {
  const failRate = 1 - passRate
  const chance = Math.pow(passRate, rollouts) * failRate + Math.pow(failRate, rollouts) * passRate
  return informationGain(passRate, gain) * chance
}

/**
 * Rollouts that a prompt needs. `probability`: for a group that is mixed with that confidence, ln(1 − confidence) /
 * ln max(p, 1 − p). `expectation`: 1/(p(1 − p)) − 1. Not finite for p = 0 and 1.
 */
export function rolloutsNeeded(passRate: number, estimation: CostEstimation, confidence: number): number {
  return estimation === 'expectation'
    ? 1 / (passRate * (1 - passRate)) - 1
    : Math.log(1 - confidence) / Math.log(Math.max(passRate, 1 - passRate))
}
