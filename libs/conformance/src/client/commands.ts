/** A `mixture.set` of the kit, before it is about a run. */
export type Wanted = {
  readonly kind: 'usable' | 'unusable' | 'optional'
  readonly fields: { readonly [name: string]: unknown }
  readonly weights: readonly number[] | undefined
  readonly fromStep: number
}

/** A mixture that favours one domain so much that a sampler which ignores it is seen. */
export function favour(count: number, domain: number): number[] {
  if (count === 1) return [1]
  const others = 0.1 / (count - 1)
  const weights = new Array<number>(count).fill(others)
  const rest = weights.slice(1).reduce((sum, weight) => sum + weight, 0)
  weights[domain % count] = 1 - rest
  return weights
}

export const usable = (domains: readonly string[], favoured: number, fromStep = 0): Wanted => {
  const weights = favour(domains.length, favoured)
  return { kind: 'usable', weights, fromStep, fields: { domains, weights, meaning: 'samplingProbability' } }
}

export const lossMultiplier = (domains: readonly string[]): Wanted => ({
  kind: 'optional',
  weights: undefined,
  fromStep: 0,
  fields: { domains, weights: favour(domains.length, 0), meaning: 'lossMultiplier' },
})

/** Mixtures that nobody can sample by, and what is wrong with each. */
export function unusables(
  domains: readonly string[],
): readonly { readonly what: string; readonly wanted: Wanted }[] {
  const even = domains.map(() => 1 / domains.length)
  const bad = (what: string, fields: { readonly [name: string]: unknown }) => ({
    what,
    wanted: {
      kind: 'unusable' as const,
      weights: undefined,
      fromStep: 0,
      fields: { domains, weights: even, meaning: 'samplingProbability', ...fields },
    },
  })
  return [
    bad('a domain that the run does not have', { domains: [...domains.slice(1), 'no-such-domain'] }),
    bad('a domain too few', {
      domains: domains.slice(1),
      weights: domains.slice(1).map(() => 1 / Math.max(1, domains.length - 1)),
    }),
    bad('weights that sum to 1.5', { weights: even.map((weight) => weight * 1.5) }),
    bad('a negative weight', {
      weights: even.map((weight, i) => (i === 0 ? weight + 1.25 : i === 1 ? weight - 1.25 : weight)),
    }),
  ].filter(({ what }) => domains.length > 1 || what !== 'a negative weight')
}
