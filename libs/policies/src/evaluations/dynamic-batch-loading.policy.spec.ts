import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { dynamicBatchLoading } from './dynamic-batch-loading.policy.js'
import { sum } from '../numerics/sum.js'

type Config = typeof dynamicBatchLoading.defaults
const names = (domains: number) => Array.from({ length: domains }, (_, i) => `d${i}`)
const startWith = (weights: readonly number[]) => ({
  domains: names(weights.length).map((name) => ({ name })),
  weights,
})
const configured = (targets: readonly number[], config: Partial<Config> = {}): Config => ({
  ...dynamicBatchLoading.defaults,
  targetLosses: Object.fromEntries(targets.map((target, i) => [`d${i}`, target])),
  ...config,
})
const evaluation = (step: number, loss: readonly (number | null)[]) =>
  ({ kind: 'evaluation', step, loss, scores: {} }) as const
const run = (
  config: Config,
  weights: readonly number[],
  ...evaluations: readonly (readonly (number | null)[])[]
) =>
  evaluations.reduce(
    (state, loss, i) => dynamicBatchLoading.evolve(config, state, evaluation(i + 1, loss)),
    dynamicBatchLoading.initialState(config, startWith(weights)),
  )
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

describe('dynamic batch loading against the published code', () => {
  const given = [0.5, 0.3, 0.2]
  const config = configured([2, 1, 1.5])

  it('gives its weights, within float32', () => {
    expectNear(run(config, given, [2.3, 0.9, 1.5]).weights, [0.5887225358, 0.2367994523, 0.1744780119], 7)
  })

  it('leaves a uniform mixture alone at the targets, and pulls another by the smoothing only', () => {
    expectNear(run(config, [1 / 3, 1 / 3, 1 / 3], [2, 1, 1.5]).weights, [1 / 3, 1 / 3, 1 / 3], 15)
    expectNear(
      run(config, given, [2, 1, 1.5]).weights,
      given.map((weight) => (1 - 1e-4) * weight + 1e-4 / 3),
      15,
    )
  })

  it('keeps every weight at or above smoothing/K, whatever the losses', () => {
    const { weights } = run(config, given, [300, 1, 1], [300, 0, 1], [1e300, -1e300, 1])
    expect(weights[0]).toBeCloseTo(1 - (2 * 1e-4) / 3, 12)
    for (const weight of weights) expect(weight).toBeGreaterThanOrEqual((1e-4 / 3) * (1 - 1e-12))
  })

  it('lowers a domain below its target, which the paper does not', () => {
    const below = [1.5, 1, 1.5]
    expect(run(config, given, below).weights[0]).toBeLessThan(0.5)
    expectNear(run(configured([2, 1, 1.5], { variant: 'paper' }), given, below).weights, given, 15)
  })

  it('offers its bandit mode: softmax of the weight itself plus the distance', () => {
    const bandit = configured([2, 1, 1.5], { variant: 'official-bandit' })
    const powers = [0.5 + 0.3, 0.3 - 0.1, 0.2].map(Math.exp)
    expectNear(
      run(bandit, given, [2.3, 0.9, 1.5]).weights,
      powers.map((power) => (1 - 1e-4) * (power / sum(powers)) + 1e-4 / 3),
      14,
    )
  })

  it('is switched off by `constant`, for which it needs no target', () => {
    const off: Config = { ...dynamicBatchLoading.defaults, variant: 'constant' }
    expect(dynamicBatchLoading.check(off, startWith(given))).toEqual([])
    expect(dynamicBatchLoading.evaluations!(off)).toEqual({})
    const state = run(off, given, [9, 1, 1])
    expect(state.weights).toEqual(given)
    expect(dynamicBatchLoading.decide(off, state, given)).toMatchObject({ kind: 'hold' })
    expect(dynamicBatchLoading.decide(off, state, [1, 0, 0])).toMatchObject({ weights: given })
  })
})

describe('dynamic batch loading as in the paper', () => {
  it('clips at the target and does not smooth, so that a weight of 0 stays', () => {
    const config = configured([2, 1, 1.5], { variant: 'paper' })
    const factors = [Math.exp(0.3), 1, 1]
    const products = [0.5, 0.5, 0].map((weight, i) => weight * factors[i]!)
    expectNear(
      run(config, [0.5, 0.5, 0], [2.3, 0.9, 9]).weights,
      products.map((product) => product / sum(products)),
      15,
    )
  })

  it('smooths if told to', () => {
    const config = configured([2, 2], { variant: 'paper', smoothing: 0.2 })
    expectNear(run(config, [0.9, 0.1], [1, 1]).weights, [0.82, 0.18], 15)
  })
})

describe('targets', () => {
  it('are predicted from a family of models by a power law', () => {
    const law = (size: number) => 1.5 + 300 / size ** 0.3
    const config: Config = {
      ...dynamicBatchLoading.defaults,
      targetPoints: Object.fromEntries(
        names(2).map((name) => [name, [7e9, 13e9, 70e9].map((size) => ({ size, loss: law(size) }))]),
      ),
      targetSize: 1.3e9,
    }
    expect(dynamicBatchLoading.check(config, startWith([0.5, 0.5]))).toEqual([])
    const state = dynamicBatchLoading.initialState(config, startWith([0.5, 0.5]))
    for (const target of state.targets) expect(target).toBeCloseTo(law(1.3e9), 4)
  })

  it('must be there for every domain, in one of two ways', () => {
    const problems = (config: object) => {
      const result = configure(dynamicBatchLoading, config, startWith([0.5, 0.5]))
      return result.ok ? '' : result.problems.join(' ')
    }
    expect(problems({})).toMatch(/targetLosses: expected either these or targetPoints, got neither/)
    expect(problems({ targetLosses: { d0: 1 } })).toMatch(/none for d1/)
    expect(problems({ targetLosses: { d0: 1, d1: 1, d2: 1 } })).toMatch(/d2/)
    const points = [
      { size: 1, loss: 2 },
      { size: 1, loss: 3 },
    ]
    expect(problems({ targetPoints: { d0: points, d1: points } })).toMatch(/one size for d0, d1.*targetSize/)
  })
})

describe('dynamic batch loading keeps its promises', () => {
  const config = configured([2, 1, 1.5], { smoothing: 0 })

  it('leaves a domain without a held-out token its share, where the published code becomes NaN', () => {
    const state = run(config, [0.5, 0.3, 0.2], [2.3, null, 1.5])
    expect(state.weights[1]).toBeCloseTo(0.3, 15)
    expect(state.weights[0]! / state.weights[2]!).toBeCloseTo((0.5 * Math.exp(0.3)) / 0.2, 12)
  })

  it('does not read steps, and holds until there is an evaluation', () => {
    const start = startWith([0.5, 0.3, 0.2])
    const state = dynamicBatchLoading.initialState(config, start)
    expect(dynamicBatchLoading.decide(config, state, start.weights)).toEqual({
      kind: 'hold',
      because: 'No update yet: no evaluation has given a held-out `loss` of a domain.',
    })
    expect(dynamicBatchLoading.evolve(config, state, evaluation(1, [null, null, null]))).toBe(state)
  })

  it('names distance and smoothing, and what it carried over', () => {
    const smoothed = configured([2, 1, 1.5])
    const state = run(smoothed, [0.5, 0.3, 0.2], [2.3, 0.9, 1.5], [2.2, 0.9, 1.6])
    const proposal = dynamicBatchLoading.decide(smoothed, state, [0.2, 0.4, 0.4])
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    expect(Object.keys(proposal.because.parts)).toEqual(['distanceToTarget', 'smoothing', 'carriedOver'])
    expect(proposal.because.summary).toContain('2 of 3 are above it')
    const taken = dynamicBatchLoading.evolve(smoothed, state, {
      kind: 'mixture',
      step: 2,
      weights: state.weights,
    })
    expect(taken.moved.losses).toEqual([0, 0, 0])
  })
})
