import type { StepFact } from '../policy.js'

export type OdmVariant =
  | 'official-smoothed'
  | 'official-smoothed-single'
  | 'official-exp3'
  | 'official-exp3-single'
  | 'paper'
  | 'dataflex'

export type OdmConfig = {
  readonly variant: OdmVariant
  readonly warmupSteps: number
  readonly updateEvery: number
  readonly smoothing: number
  readonly biasCorrection: boolean
  readonly rewardDivisor: number
  readonly stepsAreGlobal: boolean
  readonly lowestLoss: number
  readonly highestLoss: number
  readonly largestImportanceWeight: number
  readonly rewardScale: number
  readonly rewardClip: number | null
  readonly exponentClip: number | null
  readonly explorationFloor: number
}

/** Smoothed variants: the natural logarithm of the reward, `null` for a reward of 0. Otherwise the reward itself. */
export type Rewards = readonly (number | null)[]

/** Whether rewards are perplexities, kept as logarithms. */
export function isSmoothed(variant: OdmVariant): boolean {
  return variant === 'official-smoothed' || variant === 'official-smoothed-single'
}

/** Whether rewards are moving averages, which start at 0 and lag for it. */
export function isAverage(variant: OdmVariant): boolean {
  return isSmoothed(variant) || variant === 'paper' || variant === 'dataflex'
}

/** The rewards after a step; those of domains without a loss stay. */
export function rewardsAfter(config: OdmConfig, rewards: Rewards, fact: StepFact): Rewards {
  return isSmoothed(config.variant)
    ? smoothedRewards(config, rewards, fact)
    : weightedRewards(config, rewards, fact)
}

/** Mean loss of a domain, clamped; undefined where it was absent or had no token. */
export function meanLoss(config: OdmConfig, fact: StepFact, i: number): number | undefined {
  const tokens = fact.tokens[i]!
  const mean = fact.lossSum[i]! / tokens
  if (fact.present[i] !== true || !(tokens > 0) || Number.isNaN(mean)) return undefined
  return Math.min(Math.max(mean, config.lowestLoss), config.highestLoss)
}

/** ln(a·exp(old) + (1 − a)·exp(loss)), old being a logarithm too. */
function smoothedRewards(config: OdmConfig, rewards: Rewards, fact: StepFact): Rewards {
  const keep = Math.log(config.smoothing)
  const take = Math.log1p(-config.smoothing)
  return rewards.map((old, i) => {
    const loss = meanLoss(config, fact, i)
    if (loss === undefined) return old
    const kept = old === null ? -Infinity : keep + old
    const taken = take + loss
    const larger = Math.max(kept, taken)
    if (larger === -Infinity) return null
    return larger + Math.log1p(Math.exp(Math.min(kept, taken) - larger))
  })
}

/** Importance-weighted losses: summed (exp3), averaged (paper), or averaged, scaled and clipped (dataflex). */
function weightedRewards(config: OdmConfig, rewards: Rewards, fact: StepFact): readonly number[] {
  const { variant, smoothing } = config
  return rewards.map((before, i) => {
    const old = before ?? 0
    const loss = meanLoss(config, fact, i)
    if (loss === undefined) return old
    const rarity = Math.min(1 / Math.max(fact.inForce[i]!, 0), config.largestImportanceWeight)
    if (variant === 'paper') return smoothing * old + (1 - smoothing) * loss * rarity
    if (variant !== 'dataflex') return old + (loss / config.rewardDivisor) * rarity
    const gain = within(loss * config.rewardScale * rarity, Number.MAX_VALUE)
    return within(smoothing * old + (1 - smoothing) * gain, config.rewardClip ?? Number.MAX_VALUE)
  })
}

/**
 * Moving averages divided by 1 − aᵐ, the share they have reached of what they average after m observations, so that a
 * domain seen seldom does not look easy. A domain that was never seen stays as it is.
 */
export function withoutBias(config: OdmConfig, rewards: Rewards, observations: readonly number[]): Rewards {
  return rewards.map((reward, i) => {
    const seen = observations[i]!
    const reached = seen === 0 ? 0 : -Math.expm1(seen * Math.log(config.smoothing))
    if (reward === null || reached === 0) return reward
    return isSmoothed(config.variant)
      ? reward - Math.log(reached)
      : within(reward / reached, Number.MAX_VALUE)
  })
}

function within(value: number, bound: number): number {
  return Math.min(Math.max(value, -bound), bound)
}

/** What softmax is to be taken of. `epsilon` is the one of the update before: the inverse temperature. */
export function logits(config: OdmConfig, rewards: Rewards, epsilon: number): readonly number[] {
  const { variant } = config
  if (variant === 'official-smoothed') return rewards.map((one) => one ?? -Infinity)
  const largest = rewards.reduce<number>((a, one) => (one !== null && one > a ? one : a), -Infinity)
  if (variant === 'official-smoothed-single') {
    // ε·(exp(rᵢ) − exp(r_max)), of which no factor needs to be representable.
    const scale = Math.log(epsilon) + largest
    return rewards.map((one) => -Math.exp(scale + Math.log(-Math.expm1((one ?? -Infinity) - largest))))
  }
  const scaled = rewards.map((one) => epsilon * (one ?? 0))
  if (variant !== 'dataflex' || config.exponentClip === null) return scaled
  const lowest = epsilon * largest - config.exponentClip
  return scaled.map((one) => Math.max(one, lowest))
}

/** ε at a time counted from 1: the floor of every domain now, and the inverse temperature of the next update. */
export function explorationAt(config: OdmConfig, domains: number, time: number): number {
  const epsilon = Math.min(1 / domains, Math.sqrt(Math.log(domains) / (domains * time)))
  return config.variant === 'dataflex' ? Math.max(epsilon, config.explorationFloor) : epsilon
}
