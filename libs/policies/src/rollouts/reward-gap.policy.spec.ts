import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import type { PolicyFact, PolicyStart } from '../policy.js'
import { rewardGap } from './reward-gap.policy.js'
import { rolloutStep, valueByValue } from './rollouts.fixture.js'

type Config = typeof rewardGap.defaults
const configured = (config: Partial<Config>): Config => ({ ...rewardGap.defaults, ...config })
const start: PolicyStart = {
  domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  weights: [0.5, 0.3, 0.2],
}
const fold = (config: Config, facts: readonly PolicyFact[]) =>
  facts.reduce((state, fact) => rewardGap.evolve(config, state, fact), rewardGap.initialState(config, start))
const wish = (config: Config, facts: readonly PolicyFact[]) => {
  const proposal = rewardGap.decide(config, fold(config, facts), start.weights)
  return proposal.kind === 'reweigh' ? proposal.weights : start.weights
}
const near = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((one, i) => expect(got[i]).toBeCloseTo(one, digits))

const means = [0.56, 0.48, 0.5]
const report = (step: number) =>
  rolloutStep(step, { rollouts: [50, 50, 50], rewardSum: means.map((mean) => 50 * mean) })

describe('the reward gap', () => {
  it('is softmax of the distance to the best mean, as in the published run', () => {
    near(
      wish(configured({ floorBy: 'clamping' }), [report(5)]),
      [0.3179525267237872, 0.3444338603344554, 0.3376136129417574],
      13,
    )
  })

  it('takes the last 50 sequences, told one by one or in chunks that are not cut', () => {
    const ones = new Array<number>(30).fill(1)
    const noughts = new Array<number>(40).fill(0)
    const config = configured({})
    const byValue = fold(config, valueByValue(1, 'rewardSum', [[...ones, ...noughts], ones, []]))
    near(byValue.statistic, [0.2, 1, 0], 14)
    expect(byValue.seen).toEqual([70, 30, 0])
    const chunks = [
      rolloutStep(1, { rollouts: [30, 30, 0], rewardSum: [30, 30, 0] }),
      rolloutStep(2, { rollouts: [40, 0, 0], rewardSum: [0, 0, 0] }),
    ]
    near(fold(config, chunks).statistic, byValue.statistic, 14)
  })

  it('looks on steps from the warm-up on that are a multiple of its cadence', () => {
    const config = configured({ warmupSteps: 5, updateEvery: 5 })
    expect(fold(config, [0, 4].map(report)).updates).toBe(0)
    expect(rewardGap.decide(config, fold(config, [0, 4].map(report)), start.weights)).toMatchObject({
      kind: 'hold',
      because: expect.stringMatching(/`rewardSum` and `rollouts`, or none of the steps from 5 on/) as string,
    })
    expect(fold(config, [0, 4, 5, 6, 10].map(report)).updates).toBe(2)
  })

  it('keeps its weights between the steps that are due', () => {
    const config = configured({ updateEvery: 5 })
    const other = rolloutStep(6, { rollouts: [50, 50, 50], rewardSum: [0, 50, 50] })
    expect(wish(config, [report(5), other])).toEqual(wish(config, [report(5)]))
  })

  it('gives a domain never seen the mean 0, and among positive rewards the largest gap', () => {
    const config = configured({ temperature: 0.25, floor: 0 })
    const weights = wish(config, [rolloutStep(1, { rollouts: [8, 8, 0], rewardSum: [4, 6, 0] })])
    expect(weights[2]).toBeGreaterThan(weights[0]!)
    expect(weights[0]).toBeGreaterThan(weights[1]!)
  })

  it('keeps the floor for sure by mixing, and names it in the parts', () => {
    const config = configured({ temperature: 0 })
    const proposal = rewardGap.decide(config, fold(config, [report(1)]), start.weights)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    near(proposal.weights, [0.05, 0.9, 0.05], 12)
    near(proposal.because.parts['rewardGap']!, [-0.5, 0.7, -0.2], 12)
    near(proposal.because.parts['floor']!, [0.05, -0.1, 0.05], 12)
    expect(configure(rewardGap, { floor: 0.5 }, start)).toMatchObject({ ok: false })
    expect(configure(rewardGap, { floor: 0.5, floorBy: 'clamping' }, start)).toMatchObject({ ok: true })
  })

  it('reads pass counts as rewards of 0 and 1', () => {
    const config = configured({ signal: 'passCounts', floorBy: 'clamping' })
    expect(rewardGap.signals(config)).toEqual(['successes', 'rollouts'])
    near(
      wish(config, [rolloutStep(5, { rollouts: [50, 50, 50], successes: [28, 24, 25] })]),
      [0.3179525267237872, 0.3444338603344554, 0.3376136129417574],
      13,
    )
  })
})
