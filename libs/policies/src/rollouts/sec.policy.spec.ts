import { describe, expect, it } from 'vitest'
import type { PolicyFact, PolicyStart } from '../policy.js'
import { rolloutStep } from './rollouts.fixture.js'
import { sec } from './sec.policy.js'

type Config = typeof sec.defaults
const configured = (config: Partial<Config>): Config => ({ ...sec.defaults, ...config })
const start: PolicyStart = {
  domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  weights: [1 / 3, 1 / 3, 1 / 3],
}
const fold = (config: Config, facts: readonly PolicyFact[], from = sec.initialState(config, start)) =>
  facts.reduce((state, fact) => sec.evolve(config, state, fact), from)
const wish = (config: Config, facts: readonly PolicyFact[]) => {
  const proposal = sec.decide(config, fold(config, facts), start.weights)
  return proposal.kind === 'reweigh' ? proposal.weights : start.weights
}
const near = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((one, i) => expect(got[i]).toBeCloseTo(one, digits))

/** A report of the mean |advantage| of 8 rollouts a domain; null for a domain without rollouts. */
const report = (step: number, means: readonly (number | null)[], signal = 'absAdvantageSum') =>
  rolloutStep(step, {
    rollouts: means.map((mean) => (mean === null ? 0 : 8)),
    [signal]: means.map((mean) => 8 * (mean ?? 0)),
  })
const three = [report(1, [0.8, 0.4, null]), report(2, [0.6, null, null]), report(3, [null, 0.5, 0.9])]

describe('SEC against the published rule', () => {
  it.each([
    ['keep', 1, [0.4, 0.2, 0], [0.40176, 0.328933, 0.269307]],
    ['keep', 2, [0.5, 0.2, 0], [0.426013, 0.315598, 0.25839]],
    ['keep', 3, [0.5, 0.35, 0.45], [0.355627, 0.306091, 0.338283]],
    ['decay', 1, [0.4, 0.2, 0], [0.40176, 0.328933, 0.269307]],
    ['decay', 2, [0.5, 0.1, 0], [0.439203, 0.294407, 0.26639]],
    ['decay', 3, [0.25, 0.3, 0.45], [0.305561, 0.321227, 0.373212]],
  ] as const)('absent domains %s: Q and weights after report %i', (absent, reports, q, weights) => {
    const config = configured({ absent, learningRate: 0.5 })
    near(fold(config, three.slice(0, reports)).q, q, 14)
    near(wish(config, three.slice(0, reports)), weights, 6)
  })

  it('is sharper at a temperature of 0.2', () => {
    near(
      wish(configured({ absent: 'decay', learningRate: 0.5, temperature: 0.2 }), three),
      [0.199908, 0.256687, 0.543406],
      6,
    )
  })

  it('has Q = r·(1 − (1 − α)^t) for a constant r: 0.775 after five reports of 0.8 at α = 0.5', () => {
    const five = Array.from({ length: 5 }, (_, i) => report(i, [0.8, 0.8, 0.8]))
    near(fold(configured({ learningRate: 0.5 }), five).q, [0.775, 0.775, 0.775], 14)
  })

  it('follows the last report at α = 1, stays uniform at α = 0, and nearly so at a high temperature', () => {
    near(fold(configured({ learningRate: 1 }), three).q, [0.6, 0.5, 0.9], 14)
    expect(wish(configured({ learningRate: 0 }), three)).toEqual(start.weights)
    near(wish(configured({ temperature: 1e9 }), three), start.weights, 8)
  })

  it('keeps for a domain with Q = 0 at least 1 / (1 + (K − 1)·e^(1/τ)) when all others have 1', () => {
    const config = configured({ learningRate: 1, temperature: 0.4 })
    expect(wish(config, [report(1, [1, 1, null])])[2]).toBeCloseTo(1 / (1 + 2 * Math.exp(2.5)), 14)
  })
})

describe('SEC by its other methods', () => {
  it('divides max(Q, 0.01) by the sum with normalizedQ, negative Q included', () => {
    const config = configured({ method: 'normalizedQ', learningRate: 1, objective: 'progress' })
    const facts = [report(1, [0.5, 0.5, null], 'rewardSum'), report(2, [0.7, 0.1, null], 'rewardSum')]
    near(fold(config, facts).q, [0.2, -0.4, 0], 14)
    near(wish(config, facts), [0.2 / 0.22, 0.01 / 0.22, 0.01 / 0.22], 14)
  })

  it('is ε-greedy with exploration that leaves out the best, equal ones sharing', () => {
    const config = configured({ method: 'greedy', learningRate: 1 })
    near(wish(config, [report(1, [0.2, 0.9, 0.1])]), [0.05, 0.9, 0.05], 15)
    near(wish(config, [report(1, [0.9, 0.9, 0.1])]), [0.45, 0.45, 0.1], 15)
    near(wish(config, [report(1, [0.9, 0.9, 0.9])]), start.weights, 15)
  })

  it('reports the probabilities of boltzmann for greedy, as the published code does, where told to', () => {
    near(
      wish(configured({ method: 'greedy', greedyWeights: 'boltzmann' }), three),
      wish(configured({}), three),
      15,
    )
  })
})

describe('SEC by its other objectives', () => {
  it('counts progress from a mean reward of 0, in full the first time; absence keeps the last reward', () => {
    const config = configured({ objective: 'progress', learningRate: 0.5, absent: 'decay' })
    const facts = [report(1, [0.5, 0.25, null], 'rewardSum'), report(2, [0.75, null, 0.5], 'rewardSum')]
    const first = fold(config, facts.slice(0, 1))
    near(first.q, [0.25, 0.125, 0], 14)
    const second = fold(config, facts)
    near(second.q, [0.25, 0.0625, 0.25], 14)
    expect(second.lastReward).toEqual([0.75, 0.25, 0.5])
    expect(sec.signals(config)).toEqual(['rewardSum', 'rollouts'])
  })

  it('takes advantages before they are divided by their deviation', () => {
    const config = configured({ objective: 'unnormalisedAdvantage', learningRate: 1 })
    near(fold(config, [report(1, [0.5, 0.25, 0.1], 'absUnnormalisedAdvantageSum')]).q, [0.5, 0.25, 0.1], 14)
  })

  it('has them all from pass counts', () => {
    const fact = rolloutStep(1, { rollouts: [10, 10, 10], successes: [5, 1, 11] })
    const q = (config: Partial<Config>) =>
      fold(configured({ learningRate: 1, signal: 'passCounts', ...config }), [fact]).q
    near(q({ deviation: 'population', deviationEpsilon: 0 }), [1, 0.6, 0], 14)
    near(q({ objective: 'unnormalisedAdvantage' }), [0.5, 0.18, 0], 14)
    near(q({ objective: 'progress' }), [0.5, 0.1, 0], 14)
  })
})

describe('SEC', () => {
  it('holds until a step has carried rollouts, naming the signals it waits for', () => {
    for (const facts of [[], [report(1, [null, null, null])], [rolloutStep(1, { rollouts: [8, 8, 8] })]]) {
      expect(sec.decide(configured({}), fold(configured({}), facts), start.weights)).toEqual({
        kind: 'hold',
        because: 'No update yet: no step has carried `absAdvantageSum` and `rollouts`.',
      })
    }
  })

  it('fades in a step whose counts are all 0, and not in one that does not carry the signals', () => {
    const config = configured({ absent: 'decay', learningRate: 0.5 })
    const state = fold(config, three)
    near(fold(config, [report(4, [null, null, null])], state).q, [0.125, 0.15, 0.225], 14)
    expect(fold(config, [rolloutStep(4, { rollouts: [0, 0, 0] })], state)).toBe(state)
  })

  it('explains a change as what was observed and what absence faded', () => {
    const config = configured({ absent: 'decay', learningRate: 0.5 })
    const first = fold(config, three.slice(0, 1))
    const taken = wish(config, three.slice(0, 1))
    const then = fold(config, [{ kind: 'mixture', step: 1, weights: taken }, ...three.slice(1, 2)], first)
    const proposal = sec.decide(config, then, taken)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    const { observed, absence } = proposal.because.parts
    const kept = wish(configured({ learningRate: 0.5 }), three.slice(0, 2))
    near(
      observed!,
      kept.map((weight, i) => weight - taken[i]!),
      14,
    )
    near(
      absence!,
      proposal.weights.map((weight, i) => weight - kept[i]!),
      14,
    )
    expect(Object.keys(proposal.because.parts)).toEqual(['observed', 'absence'])
  })
})
