import { exponentiatedStep, exponentiatedStepAmong } from '../numerics/exponentiated-step.js'
import type { StepFact } from '../policy.js'

export type DoremiConfig = {
  readonly variant: 'official' | 'paper' | 'dataflex'
  readonly stepSize: number
  readonly smoothing: number
  readonly missingDomain: 'hold' | 'holdNeutral' | 'zero'
  readonly firstScore: 'mean' | 'zero'
  readonly vocabularySize: number
  readonly scoreClip: number | null
  readonly averageIncludesStart: boolean | null
}

/** One score a domain; `null` where there is none. */
export type Scores = readonly (number | null)[]

/** Mean clipped excess loss per token; `null` for domains without evidence. */
export function excessLoss(fact: StepFact): Scores {
  const excess = fact.signals['clippedExcessSum']
  return fact.tokens.map((tokens, i) => {
    const score = excess === undefined ? NaN : excess[i]! / tokens
    // Adding 0 turns -0, which JSON cannot carry, into 0.
    return fact.present[i] === true && tokens > 0 && Number.isFinite(score) ? score + 0 : null
  })
}

/** What is known of every domain after a step: the last score, except in DataFlex, which forgets. */
export function scoresAfter(config: DoremiConfig, held: Scores, seen: Scores): Scores {
  return config.variant === 'dataflex'
    ? seen.map((score) => score ?? 0)
    : held.map((old, i) => seen[i] ?? old)
}

/** The step of exponentiated ascent, before smoothing. `known` are the scores after the step, `seen` those of the step. */
export function ascend(
  config: DoremiConfig,
  weights: readonly number[],
  known: Scores,
  seen: Scores,
): readonly number[] {
  const { stepSize } = config
  const neutral = config.variant === 'paper' && config.missingDomain === 'holdNeutral'
  if (neutral)
    return exponentiatedStepAmong(
      weights,
      seen.map((score) => (score === null ? null : stepSize * score)),
    )
  return exponentiatedStep(
    weights,
    scoresToUse(config, known, seen).map((score) => stepSize * score),
  )
}

function scoresToUse(config: DoremiConfig, known: Scores, seen: Scores): readonly number[] {
  const present = seen.filter((score) => score !== null)
  const mean = present.reduce((total, score) => total + score / present.length, 0)
  if (config.variant === 'dataflex') {
    const clip = config.scoreClip ?? Infinity
    return seen.map((score) => (score === null ? 0 : Math.min(Math.max(score - mean, -clip), clip)))
  }
  if (config.variant === 'paper' && config.missingDomain === 'zero') return seen.map((score) => score ?? 0)
  const unknown = config.firstScore === 'zero' ? 0 : mean
  return known.map((score) => score ?? unknown)
}
