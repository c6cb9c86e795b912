import { natural } from '../fixed/natural.policy.js'
import type { PolicyStart } from '../policy.js'
import { staticMixture } from '../fixed/static.policy.js'

/** A mixture that never changes, as composite policies name it. */
export type FixedMixture = {
  readonly mixture: 'start' | 'uniform' | 'natural' | 'given'
  readonly weights: Readonly<Record<string, number>>
}

/** Members of a composite policy's schema. */
export const fixedSchema = (use: string) => ({
  mixture: {
    description: `${use}: the one the run starts with, uniform, natural (by tokens), or the given weights.`,
    enum: ['start', 'uniform', 'natural', 'given'],
  },
  weights: {
    description:
      'Weight of every domain by name, in any scale, where mixture is "given"; they are divided by their sum.',
    type: 'object',
    additionalProperties: { type: 'number', minimum: 0 },
  },
})

/** What a fixed mixture is called in sentences. */
export const nameOfFixed = {
  start: 'starting',
  uniform: 'uniform',
  natural: 'natural',
  given: 'given',
} as const

export function fixedMixture({ mixture, weights }: FixedMixture, start: PolicyStart): readonly number[] {
  switch (mixture) {
    case 'start':
      return start.weights
    case 'uniform':
      return start.weights.map(() => 1 / start.weights.length)
    case 'natural':
      return natural.initialState(natural.defaults, start).weights
    case 'given':
      return staticMixture.initialState({ weights }, start).weights
  }
}

/** What is wrong with it for a run, in sentences. */
export function fixedProblems({ mixture, weights }: FixedMixture, start: PolicyStart): readonly string[] {
  if (mixture === 'natural')
    return natural.check(natural.defaults, start).map((problem) => `mixture: ${problem}`)
  const given = Object.keys(weights).length > 0
  if (given !== (mixture === 'given'))
    return given
      ? [`weights: expected none with the mixture "${mixture}"; remove them, or say "given" in mixture.`]
      : ['weights: expected a weight for every domain, got none; add them, or choose another mixture.']
  return given ? staticMixture.check({ weights }, start) : []
}
