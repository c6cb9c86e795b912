import { describe, expect, it } from 'vitest'
import { lossSlope } from './loss-slope.policy.js'
import type { PolicyFact, PolicyStart } from '../policy.js'
import { rolloutStep, valueByValue } from './rollouts.fixture.js'
import { stepWith } from '../step-fact.fixture.js'

type Config = typeof lossSlope.defaults
const configured = (config: Partial<Config>): Config => ({ ...lossSlope.defaults, ...config })
const start: PolicyStart = {
  domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  weights: [0.5, 0.3, 0.2],
}
const fold = (config: Config, facts: readonly PolicyFact[]) =>
  facts.reduce((state, fact) => lossSlope.evolve(config, state, fact), lossSlope.initialState(config, start))
const wish = (config: Config, facts: readonly PolicyFact[]) => {
  const proposal = lossSlope.decide(config, fold(config, facts), start.weights)
  return proposal.kind === 'reweigh' ? proposal.weights : start.weights
}
const near = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((one, i) => expect(got[i]).toBeCloseTo(one, digits))
const softmax = (scores: readonly number[]) => {
  const powers = scores.map(Math.exp)
  const total = powers.reduce((a, b) => a + b)
  return powers.map((power) => power / total)
}

const rewards = [
  [0, 0, 1, 0, 0, 0, 0, 1],
  [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1],
  [0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0],
]

describe('the slope of rewards', () => {
  const config = configured({ signal: 'rewards', temperature: 0.01, floorBy: 'clamping' })

  it('is the ordinary least-squares slope of the published run where rewards come one by one', () => {
    const state = fold(config, valueByValue(0, 'rewardSum', rewards))
    near(state.statistic, [0.047619047619047616, 0.008695652173913044, 0.007352941176470588], 15)
    expect(state.seen).toEqual([8, 24, 16])
  })

  it('weighs by its size: softmax(|slope| / τ), then the floor', () => {
    const weights = wish(
      config,
      valueByValue(5, 'rewardSum', [
        [0, 0.01],
        [0.02, 0],
        [1, 1],
      ]),
    )
    near(weights, softmax([1, 2, 0]), 12)
  })

  it('takes only what rises when signed', () => {
    const values = [
      [0, 0.01],
      [0.02, 0],
      [1, 1],
    ]
    near(wish({ ...config, signed: true }, valueByValue(5, 'rewardSum', values)), softmax([1, 0, 0]), 12)
  })

  it('is the size of the mean where it is fed as the published trainer feeds it', () => {
    const wired = { ...config, variant: 'as-wired', temperature: 1 } as const
    const fact = rolloutStep(5, { rollouts: [8, 8, 8], rewardSum: [4, -4, 2] })
    near(wish(wired, [fact]), softmax([0.5, 0.5, 0.25]), 12)
    near(wish({ ...wired, signed: true }, [fact]), softmax([0.5, 0, 0.25]), 12)
  })
})

describe('the slope of losses', () => {
  const config = configured({ temperature: 0.1, floor: 0 })
  const falling = Array.from({ length: 6 }, (_, i) =>
    stepWith(i + 1, [4 - 0.4 * i, 3, 2 + 0.2 * i], start.weights),
  )

  it('is per sequence, from one chunk a step: the line through the means of the chunks', () => {
    near(fold(config, falling).statistic, [-0.1, 0, 0.05], 14)
    expect(lossSlope.signals(config)).toEqual([])
  })

  it('counts a fall as progress when signed', () => {
    near(wish(config, falling), softmax([1, 0, 0.5]), 12)
    near(wish({ ...config, signed: true }, falling), softmax([1, 0, 0]), 12)
  })

  it('counts a report without sequences as one', () => {
    const uncounted = falling.map(({ sequences: _, ...fact }) => fact)
    near(fold(config, uncounted).statistic, [-0.4, 0, 0.2], 14)
  })

  it('has no slope after one report, and says what it waits for before the first', () => {
    expect(fold(config, falling.slice(0, 1)).statistic).toEqual([0, 0, 0])
    expect(lossSlope.decide(config, fold(config, []), start.weights)).toEqual({
      kind: 'hold',
      because: 'No update yet: no step has carried a loss.',
    })
  })

  it('forgets what is older than the window', () => {
    const short = { ...config, windowSequences: 8 }
    const kink = [
      ...falling,
      ...Array.from({ length: 4 }, (_, i) => stepWith(i + 7, [2, 3 + i, 3], start.weights)),
    ]
    near(fold(short, kink).statistic, [0, 0.25, 0], 14)
  })

  it('leaves a domain that is absent its window', () => {
    const before = fold(config, falling)
    const after = lossSlope.evolve(config, before, stepWith(7, [null, 3, 3], start.weights))
    expect(after.windows[0]).toBe(before.windows[0])
    expect(after.statistic[0]).toBe(before.statistic[0])
  })
})
