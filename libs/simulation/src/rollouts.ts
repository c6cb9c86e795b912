import { drawBatch } from './draw-batch.js'
import { effectiveTokens, type WorldState } from './dynamics.js'
import { groupLesson, levelCount, passRates } from './pass-rates.js'
import type { Random } from './random.js'
import type { PromptWorld } from './world.js'

/** A prompt of a batch with its rollouts. `kept`: it entered the update. */
export type Group = {
  readonly domain: number
  /** The chance that a rollout of it succeeds. */
  readonly rate: number
  readonly successes: number
  readonly rollouts: number
  readonly kept: boolean
}

/** How prompts are drawn and which of them are trained on; commands may change all but `weights`. */
export type RolloutRules = {
  readonly weights: readonly number[]
  readonly prompts: number
  /** Rollouts for a prompt, by its domain. */
  readonly counts: readonly number[]
  readonly band?: {
    readonly low: number
    readonly high: number
    readonly open: boolean
    readonly maxRefill: number
  }
}

/** Draws prompts and their rollouts until the batch is full of prompts that the band keeps, or its refills are used up. */
export function drawGroups(
  world: PromptWorld,
  state: WorldState,
  { weights, prompts, counts, band }: RolloutRules,
  random: Random,
): Group[] {
  const effective = effectiveTokens(world, state)
  const rates = world.domains.map((domain, k) => passRates(domain, effective[k]!))
  const groups: Group[] = []
  let kept = 0
  for (let round = 0; kept < prompts && round <= (band?.maxRefill ?? 0); round++)
    drawBatch(weights, prompts - kept, random.uniform()).forEach((count, domain) => {
      for (let i = 0; i < count; i++) {
        const rate = rates[domain]![Math.floor(random.uniform() * levelCount)]!
        const rollouts = counts[domain]!
        let successes = 0
        for (let j = 0; j < rollouts; j++) if (random.uniform() < rate) successes++
        const isKept = rollouts > 0 && (band === undefined || isInside(band, successes, rollouts))
        if (isKept) kept++
        groups.push({ domain, rate, successes, rollouts, kept: isKept })
      }
    })
  return groups
}

/** Rollouts trained on, those that failed among them, and what they teach for each, by domain. */
export function tallyGroups({ domains, rolloutsPerPrompt }: PromptWorld, groups: readonly Group[]) {
  const trained = domains.map(() => 0)
  const failed = domains.map(() => 0)
  const lessons = domains.map(() => 0)
  for (const { domain, successes, rollouts, kept } of groups) {
    if (!kept) continue
    trained[domain]! += rollouts
    failed[domain]! += rollouts - successes
    // Advantages are averaged over a group: more rollouts make it likelier to teach, not heavier.
    lessons[domain]! += rolloutsPerPrompt * groupLesson(successes, rollouts)
  }
  return { trained, failed, factors: lessons.map((sum, k) => (sum === 0 ? 0 : sum / trained[k]!)) }
}

function isInside(
  { low, high, open }: NonNullable<RolloutRules['band']>,
  successes: number,
  rollouts: number,
): boolean {
  const slack = 1e-9 * rollouts
  const above = successes - low * rollouts
  const below = high * rollouts - successes
  return open ? above > slack && below > slack : above >= -slack && below >= -slack
}
