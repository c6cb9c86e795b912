import { describe, expect, it } from 'vitest'
import type { AnyPolicy, Policy } from './policy.js'
import { findPolicy, plugIn, policies } from './registry.js'
import { tryOut } from './try-out.js'
import { uniform } from './fixed/uniform.policy.js'

/** A sound policy: a tenth of the way to the domain with the highest loss, each step. */
const greedy: Policy<{ readonly share: number }, { readonly weights: readonly number[] }> = {
  ...(uniform as AnyPolicy),
  name: 'greedy',
  defaults: { share: 0.1 },
  schema: {
    type: 'object',
    properties: { share: { description: 'Share of the way.', type: 'number', minimum: 0, maximum: 1 } },
    additionalProperties: false,
  },
  initialState: (_config, start) => ({ weights: start.weights }),
  evolve(config, state, fact) {
    if (fact.kind !== 'step') return state
    const means = fact.lossSum.map((loss, i) => (fact.tokens[i]! > 0 ? loss / fact.tokens[i]! : -Infinity))
    const highest = means.indexOf(Math.max(...means))
    return {
      weights: state.weights.map(
        (weight, i) => (1 - config.share) * weight + (i === highest ? config.share : 0),
      ),
    }
  },
  decide: (_config, state, current) => ({
    kind: 'reweigh',
    weights: state.weights,
    because: {
      summary: 'The domain with the highest loss gains.',
      parts: { greed: state.weights.map((weight, i) => weight - current[i]!) },
    },
  }),
}
const but = (change: Partial<AnyPolicy>): AnyPolicy => ({ ...greedy, ...change })

describe('a policy that is tried out', () => {
  it.each(policies.map((policy) => [policy.name, policy]))('%s of the registry stands', (_name, policy) =>
    expect(tryOut(policy)).toEqual([]),
  )
  it('stands from outside too', () => expect(tryOut(greedy)).toEqual([]))

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /Expected a policy, got nothing/],
    ['a name with spaces', but({ name: 'My Policy' }), /name: expected lower-case/],
    ['no version', but({ version: 0 }), /version: expected a whole number/],
    ['no guide', but({ guide: undefined as never }), /guide.avoidWhen/],
    ['no function', but({ evolve: 'x' as never }), /evolve: expected a function/],
    [
      'a setting nobody described',
      but({ schema: { type: 'object', properties: { share: {} as never }, additionalProperties: false } }),
      /share.description/,
    ],
    [
      'a throw',
      but({
        evolve: () => {
          throw new Error('oh')
        },
      }),
      /threw: Error: oh/,
    ],
    [
      'weights off the simplex',
      but({
        decide: () => ({ kind: 'reweigh', weights: [1, 1, 1], because: { summary: 'So.', parts: {} } }),
      }),
      /add up to 1/,
    ],
    [
      'parts that do not add up',
      but({
        decide: (config: never, state: never, current) =>
          ({
            ...(greedy.decide(config, state, current) as object),
            because: { summary: 'So.', parts: {} },
          }) as never,
      }),
      /parts that add up/,
    ],
    ['a state that JSON changes', but({ evolve: () => ({ weights: [NaN] }) }), /plain JSON/],
    [
      'an input it changes',
      but({
        evolve: (_config: never, state: { weights: number[] }) => (
          state.weights.sort(),
          state.weights.push(1),
          state
        ),
      }),
      /threw: TypeError/,
    ],
    [
      'a state by chance',
      but({ evolve: ((count) => (_config: never, state: object) => ({ ...state, count: count++ }))(0) }),
      /same state for the same input/,
    ],
    ['defaults that fit no run', but({ defaults: { share: 7 } }), /give `example\(start\)`/],
  ])('is refused for %s', (_what, policy, sentence) => {
    const problems = tryOut(policy as AnyPolicy)
    expect(problems.join(' ')).toMatch(sentence)
    for (const problem of problems) expect(problem).toMatch(/\.$/)
  })
})

describe('a policy that is plugged in', () => {
  it('is found by its name, and may be plugged in again', () => {
    expect([plugIn(greedy), plugIn(greedy)]).toEqual([[], []])
    expect(findPolicy('greedy')).toBe(greedy)
  })
  it('may not take the name of another', () => {
    expect(plugIn(but({ name: 'uniform' }))).toEqual([expect.stringContaining('no policy has')])
    expect(findPolicy('uniform')).toBe(uniform)
  })
  it('is not taken when it breaks a promise', () => {
    const problems = plugIn(but({ name: 'broken', initialState: (() => undefined) as never }))
    expect(problems).not.toEqual([])
    expect(findPolicy('broken')).toBeUndefined()
  })
})
