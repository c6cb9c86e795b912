import type { PolicyStart, StepFact } from '../policy.js'

/** A place in a run, or a stretch of it: in steps, in tokens, or as a share of the declared horizon. Exactly one of them. */
export type Position = { readonly steps?: number; readonly tokens?: number; readonly share?: number }

/** How far a run has come; counted from its start, or from wherever a stretch began. */
export type Progress = { readonly steps: number; readonly tokens: number }

type Horizon = PolicyStart['horizon']

export const units = ['steps', 'tokens', 'share'] as const

/** JSON Schema of a position, with what each number says in its place. */
export const positionSchema = (description: string, meaning: Readonly<Record<keyof Position, string>>) => ({
  description,
  type: 'object',
  properties: {
    steps: { description: meaning.steps, type: 'integer', minimum: 0 },
    tokens: { description: meaning.tokens, type: 'number', minimum: 0 },
    share: { description: meaning.share, type: 'number', minimum: 0, maximum: 1 },
  },
  additionalProperties: false,
})

/** Whether a run has come as far as this. A share is of the horizon in tokens where it has them, in steps otherwise. */
export function isReached(position: Position, horizon: Horizon, { steps, tokens }: Progress): boolean {
  if (position.steps !== undefined) return steps >= position.steps
  if (position.tokens !== undefined) return tokens >= position.tokens
  if (position.share === undefined) return false
  if (horizon?.tokens !== undefined) return tokens >= position.share * horizon.tokens
  return horizon?.steps !== undefined && steps >= position.share * horizon.steps
}

/** How much of a stretch is behind a run that has come `gone` far in it: 0 to 1. A stretch without length is over at once. */
export function shareGone(stretch: Position, horizon: Horizon, gone: Progress): number {
  const { steps, tokens, share } = stretch
  let done = Infinity
  if (steps !== undefined) done = gone.steps / steps
  else if (tokens !== undefined) done = gone.tokens / tokens
  else if (share !== undefined && horizon?.tokens !== undefined) done = gone.tokens / (share * horizon.tokens)
  else if (share !== undefined && horizon?.steps !== undefined) done = gone.steps / (share * horizon.steps)
  // 0/0: nothing gone of a stretch without length.
  return Number.isNaN(done) ? 1 : Math.min(Math.max(done, 0), 1)
}

/** What is wrong with a position for a run, in sentences. */
export function positionProblems(
  path: string,
  position: Position | undefined,
  horizon: Horizon,
): readonly string[] {
  const given = units.filter((unit) => position?.[unit] !== undefined)
  if (given.length !== 1) {
    const got = given.length === 0 ? 'none' : given.join(' and ')
    return [`${path}: expected exactly one of steps, tokens, share, got ${got}; say it with one of them.`]
  }
  return given[0] === 'share' ? shareProblems(`${path}.share`, horizon) : []
}

/** A share needs a whole. */
export function shareProblems(path: string, horizon: Horizon): readonly string[] {
  return horizon?.tokens === undefined && horizon?.steps === undefined
    ? [
        `${path}: expected a run that declares its horizon, but this one does not; declare \`horizon\` in steps or tokens, or say it in steps or tokens instead.`,
      ]
    : []
}

/** Tokens of a step, all domains together. */
export function tokensOf(fact: StepFact): number {
  let total = 0
  for (let i = 0; i < fact.tokens.length; i++) total += tokensIn(fact, i)
  return Math.min(total, Number.MAX_VALUE)
}

/** Tokens that a domain had in a step; 0 where it was absent. */
export function tokensIn(fact: StepFact, i: number): number {
  const tokens = fact.tokens[i]!
  return fact.present[i] === true && tokens > 0 && tokens < Infinity ? tokens : 0
}
