import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { knapsack } from './knapsack.policy.js'
import type { PolicyFact } from '../policy.js'
import { signalsStep } from './signals-step.fixture.js'

const start = { domains: ['a', 'b', 'c'].map((name) => ({ name })), weights: [0.25, 0.25, 0.5] }

function ask(given: object, facts: readonly PolicyFact[]) {
  const configured = configure(knapsack, given, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  const { config } = configured
  let state = knapsack.initialState(config, start)
  for (const fact of facts) state = knapsack.evolve(config, state, fact)
  return knapsack.decide(config, state, start.weights)
}
const counts = (...asked: Parameters<typeof ask>) => {
  const proposal = ask(...asked)
  return proposal.kind === 'steer' ? proposal.controls['rolloutCounts'] : proposal.because
}
const report = (successes: readonly (number | undefined)[], rollouts = 10) =>
  signalsStep(1, { successes, rollouts: successes.map((count) => (count === undefined ? count : rollouts)) })

describe('with prompts for domains', () => {
  it('holds until a step has carried pass counts', () => {
    expect(counts({}, [])).toBe('No allocation yet: no step has carried `successes` and `rollouts`.')
  })

  it('shares the budget by pass rates, and leaves the mixture as it is', () => {
    expect(ask({ fallback: false }, [report([1, 5, 0])])).toMatchObject({
      kind: 'steer',
      controls: { rolloutCounts: [15, 7, 2] },
    })
    expect(counts({ variant: 'official' }, [report([5, 5, 5])])).toMatch(/^The official program gives out/)
  })

  it('gives a prompt with fewer than 8 rewards the average, as in the first epoch', () => {
    expect(counts({}, [report([1, 5, undefined])])).toEqual([10, 6, 8])
    expect(counts({}, [report([1, 3, 0], 4)])).toEqual([8, 8, 8])
  })

  it('replaces an estimate by a report of 8, and fills a smaller one up to 16 rewards', () => {
    const config = configure(knapsack, {}, start)
    if (!config.ok) throw new Error()
    const evolve = (...facts: readonly PolicyFact[]) =>
      facts.reduce(
        (state, fact) => knapsack.evolve(config.config, state, fact),
        knapsack.initialState(config.config, start),
      )
    const estimate = (state: ReturnType<typeof evolve>) => [state.successes[0], state.rollouts[0]]
    expect(estimate(evolve(report([9]), report([2], 8)))).toEqual([2, 8])
    expect(estimate(evolve(report([4], 4), report([0], 4)))).toEqual([4, 8])
    expect(estimate(evolve(report([16], 16), report([0], 4)))).toEqual([12, 16])
  })
})

describe('with groups of prompts for domains', () => {
  const bins = (...rows: readonly (readonly number[])[]) =>
    signalsStep(
      1,
      Object.fromEntries([0, 1, 2].map((bin) => [`passBin${bin}`, rows.map((row) => row[bin]!)])),
    )

  it('gives every prompt of a domain as many rollouts', () => {
    const given = { unit: 'domain', binRollouts: 2 }
    expect(knapsack.signals({ ...knapsack.defaults, ...given } as typeof knapsack.defaults)).toEqual([
      'passBin0',
      'passBin1',
      'passBin2',
    ])
    expect(counts(given, [bins([0, 4, 0], [0, 4, 0], [4, 0, 4])])).toEqual([14, 14, 2])
    expect(counts(given, [])).toBe('No allocation yet: no step has carried `passBin0` and its like.')
  })

  it('knows no official program and no budget of its own', () => {
    const configured = configure(
      knapsack,
      { unit: 'domain', variant: 'official', totalBudget: 9, minimum: 9 },
      start,
    )
    expect(configured.ok ? [] : configured.problems).toHaveLength(3)
  })
})

it('says what is wrong with a configuration', () => {
  const configured = configure(knapsack, { maximum: 4, allWrong: 5, windowRollouts: 2 }, start)
  expect(configured).toEqual({
    ok: false,
    problems: [
      expect.stringContaining('allWrong: expected at most the maximum (4), got 5'),
      expect.stringContaining('windowRollouts: expected at least enoughRollouts (8)'),
    ],
  })
})
