import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import type { PolicyStart, Proposal } from '../policy.js'
import { findPolicy } from '../registry.js'
import { stepWith } from '../step-fact.fixture.js'
import { UnknownPolicy } from '../unknown-policy.error.js'
import { warmUp as warmUpOf } from './warm-up.policy.js'

const warmUp = warmUpOf(findPolicy)
const start: PolicyStart = {
  domains: [
    { name: 'code', tokens: 30 },
    { name: 'web', tokens: 10 },
  ],
  weights: [0.6, 0.4],
  horizon: { steps: 10 },
}

function ready(given: object, run = start) {
  const configured = configure(warmUp, given, run)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  return configured.config
}

/** Weight of code after each of ten steps of 20 tokens, and the states on the way. */
function follow(given: object, run = start) {
  const config = ready(given, run)
  let state = warmUp.initialState(config, run)
  let current = run.weights
  const proposals: Proposal[] = []
  const states = [state]
  const weights = Array.from({ length: 10 }, (_, i) => {
    state = warmUp.evolve(config, state, stepWith(i + 1, [2, 1], current, 10))
    const proposal = warmUp.decide(config, state, current)
    if (proposal.kind === 'reweigh') {
      current = proposal.weights
      state = warmUp.evolve(config, state, { kind: 'mixture', step: i + 1, weights: current })
    }
    proposals.push(proposal)
    states.push(state)
    return current[0]!
  })
  return { weights, proposals, states }
}

describe('a warm-up', () => {
  it.each([
    [{ steps: 7 }, start],
    [{ tokens: 140 }, start],
    [{ share: 0.7 }, start],
    [{ share: 0.7 }, { ...start, horizon: { tokens: 200, steps: 1 } }],
  ])('lasts until %j, inclusive', (until, run) => {
    const { weights } = follow({ policy: 'natural', until }, run)
    expect(weights).toEqual([0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.75, 0.75, 0.75, 0.75])
  })

  it.each([
    ['uniform', {}, 0.5],
    ['natural', {}, 0.75],
    ['given', { code: 1, web: 9 }, 0.1],
  ])('keeps the mixture %s', (mixture, weights, expected) => {
    const { proposals } = follow({ mixture, weights, until: { steps: 5 } })
    expect(proposals[0]).toMatchObject({
      kind: 'reweigh',
      because: { summary: `Warming up until step 5, with the ${mixture} mixture.` },
    })
    if (proposals[0]?.kind !== 'reweigh') throw new Error('It holds.')
    expect(proposals[0].weights[0]).toBeCloseTo(expected, 14)
    expect(proposals[0].because.parts['warmUp']![0]).toBeCloseTo(expected - 0.6, 14)
  })

  it('holds with the same sentence all along, so that it is written once', () => {
    const { proposals } = follow({ until: { share: 0.5 } })
    const because = 'Warming up until 50 % of the run, with the starting mixture.'
    expect(proposals.slice(0, 4)).toEqual(new Array(4).fill({ kind: 'hold', because }))
  })

  it('of 0 is none', () => {
    const config = ready({ policy: 'natural', until: { tokens: 0 }, mixture: 'uniform' })
    const state = warmUp.initialState(config, start)
    expect(state).toMatchObject({ isOver: true, start: null })
    expect(warmUp.decide(config, state, start.weights)).toMatchObject({ weights: [0.75, 0.25] })
  })

  it('is seen: the policy after it knows as much as one that ran all along', () => {
    const { states } = follow({ until: { steps: 5 }, policy: 'odm' })
    const odm = findPolicy('odm')!
    let alone: unknown = odm.initialState(odm.defaults, start)
    for (let step = 1; step <= 5; step++)
      alone = odm.evolve(odm.defaults, alone, stepWith(step, [2, 1], start.weights, 10))
    expect(states[4]!.inner).toMatchObject({ updates: 4 })
    expect((states[5]!.inner as { reward: unknown }).reward).toEqual((alone as { reward: unknown }).reward)
  })

  it('is not seen, where so wished: the policy begins after it, from the mixture then in force', () => {
    const config = ready({ until: { steps: 2 }, policy: 'static', seen: false })
    let state = warmUp.initialState(config, start)
    expect(state.inner).toBeNull()
    state = warmUp.evolve(config, state, stepWith(1, [2, 1], start.weights))
    state = warmUp.evolve(config, state, { kind: 'mixture', step: 1, weights: [0.2, 0.8] })
    state = warmUp.evolve(config, state, stepWith(2, [2, 1], [0.2, 0.8]))
    expect(state).toMatchObject({ inner: { weights: [0.2, 0.8] }, isOver: true, start: null })
    expect(follow({ until: { steps: 5 }, seen: false }).states[5]!.inner).toMatchObject({ updates: 0 })
  })

  it('lets evaluations and advice through, and knows what the policy needs', () => {
    const config = ready({ policy: 'warm-up', config: { policy: 'odm' }, until: { steps: 2 } })
    const state = warmUp.initialState(config, start)
    for (const fact of [
      { kind: 'evaluation', step: 1, loss: [1, 2], scores: {} },
      { kind: 'advice', step: 1, source: 'a', values: [1] },
    ] as const)
      expect(warmUp.evolve(config, state, fact)).toBe(state)
    expect(warmUp.signals(config)).toEqual([])
    expect(warmUp.evaluations?.(config)).toEqual({})
  })

  it('refuses to run with a policy that the registry lacks, in case nobody checked', () => {
    const config = { ...ready({}), policy: 'odn' }
    expect(() => warmUp.initialState(config, start)).toThrow(UnknownPolicy)
  })

  it.each([
    [{ policy: 'odn' }, 'policy: expected a known policy, got "odn"'],
    [{ policy: 'doremi' }, 'policy: expected a policy that sets sampling probabilities, got doremi'],
    [{ until: {} }, 'until: expected exactly one of steps, tokens, share, got none'],
    [{ until: { steps: 1, share: 0.1 } }, 'got steps and share'],
    [{ mixture: 'given', weights: { code: 0, web: 0 } }, 'weights: expected a positive sum'],
    [{ mixture: 'own' }, 'mixture: expected one of "start", "uniform", "natural", "given", got "own"'],
  ])('is refused, with the path of the fault, for %j', (given, sentence) => {
    expect(configure(warmUp, given, start)).toEqual({
      ok: false,
      problems: [expect.stringContaining(sentence)],
    })
  })
})
