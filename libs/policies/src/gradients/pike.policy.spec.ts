import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { pike } from './pike.policy.js'
import type { StepFact } from '../policy.js'
import { sum } from '../numerics/sum.js'

type Config = typeof pike.defaults
const configured = (config: Partial<Config>): Config => ({ ...pike.defaults, ...config })
const start = {
  domains: ['a', 'b', 'c'].map((name) => ({ name })),
  weights: [1 / 3, 1 / 3, 1 / 3],
}
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

function step(
  norms: readonly number[],
  variances: readonly number[],
  reports = [1, 1, 1],
  losses = [2, 2, 2],
): StepFact {
  return {
    kind: 'step',
    step: 1,
    present: [true, true, true],
    tokens: [100, 100, 100],
    lossSum: losses.map((loss) => 100 * loss),
    signals: {
      gradientSquaredNorm: norms.map((norm, k) => norm * reports[k]!),
      gradientVariance: variances.map((variance, k) => variance * reports[k]!),
      gradientReports: reports,
    },
    inForce: start.weights,
  }
}

const after = (config: Config, fact: StepFact) => pike.evolve(config, pike.initialState(config, start), fact)
const proposed = (config: Config, fact: StepFact) => {
  const proposal = pike.decide(config, after(config, fact), start.weights)
  if (proposal.kind !== 'reweigh') throw new Error('expected weights')
  return proposal
}

describe('PiKE', () => {
  const config = configured({ normFactor: 0.1, varianceFactor: 1, batchSize: 256 })
  const fact = step([1, 0.5, 0.2], [4, 1, 1])

  it('gives the weights of the formula', () => {
    expectNear(after(config, fact).weights, [0.346577143, 0.3316117324, 0.3218111246], 10)
  })

  it('takes the mean of several estimates, by their count', () => {
    expectNear(
      after(config, step([1, 0.5, 0.2], [4, 1, 1], [4, 1, 8])).weights,
      after(config, fact).weights,
      14,
    )
  })

  it('accumulates from its own weights', () => {
    const twice = pike.evolve(config, after(config, fact), fact)
    const once = after(configured({ normFactor: 0.2, varianceFactor: 2 }), fact)
    expectNear(twice.weights, once.weights, 14)
  })

  it('rounds a batch so that the counts add up to it, with a minimum where one is asked for', () => {
    expect(proposed(config, fact).controls).toEqual({ batchCounts: [89, 85, 82] })
    const small = configured({ normFactor: 50, batchSize: 10, minimumCount: 1 })
    const { controls } = proposed(small, fact)
    expect(controls).toEqual({ batchCounts: [8, 1, 1] })
  })

  it('says what norms and variances moved', () => {
    const { because, weights } = proposed(config, fact)
    const { norm, variance } = because.parts
    expect(Object.keys(because.parts)).toEqual(['norm', 'variance'])
    expectNear(
      norm!.map((part, k) => part + variance![k]!),
      weights.map((weight) => weight - 1 / 3),
      14,
    )
    expect(norm![0]).toBeGreaterThan(0)
    expect(variance![0]).toBeLessThan(0)
  })

  it('leaves a domain without a report its share', () => {
    const state = after(config, step([9, 0.5, 0.2], [4, 1, 1], [0, 1, 1]))
    expect(state.weights[0]).toBeCloseTo(1 / 3, 15)
    expect(state.weights[1]).toBeGreaterThan(1 / 3)
    expect(sum(state.weights)).toBeCloseTo(1, 14)
  })

  it('changes nothing without a report, and says which signals are missing', () => {
    const fresh = pike.initialState(config, start)
    expect(pike.evolve(config, fresh, step([1, 1, 1], [1, 1, 1], [0, 0, 0]))).toBe(fresh)
    expect(pike.decide(config, fresh, start.weights)).toEqual({
      kind: 'hold',
      because: expect.stringContaining('`gradientVariance`'),
    })
  })

  it('stays finite where both terms are beyond all numbers', () => {
    const wild = configured({ normFactor: 1e300, varianceFactor: 1e300, batchSize: 1 })
    const { weights } = after(wild, step([1e300, 1e300, 0], [1e300, 0, 1e300]))
    expect(weights.every((weight) => Number.isFinite(weight))).toBe(true)
    expect(weights[1]).toBe(1)
  })

  it('refuses a minimum that the batch has no room for', () => {
    expect(configure(pike, { batchSize: 5, minimumCount: 2 }, start)).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('which takes 6')],
    })
  })
})

describe('PiKE, balanced', () => {
  const config = configured({ variant: 'balanced', balance: 2 })

  it('multiplies losses by balance · softmax(balance · loss) as well', () => {
    const { controls } = proposed(config, step([1, 1, 1], [4, 1, 1], [1, 1, 1], [2, 1, 1.5]))
    const powers = [4, 2, 3].map(Math.exp)
    expectNear(
      controls!['lossMultipliers'] as number[],
      powers.map((power) => (2 * power) / sum(powers)),
      14,
    )
  })

  it('steers with the losses while the mixture stays', () => {
    const state = after(config, step([1, 1, 1], [1, 1, 1], [1, 1, 1], [3, 1, 1]))
    expect(pike.decide(config, state, state.weights)).toMatchObject({
      kind: 'steer',
      controls: { batchCounts: [86, 85, 85] },
    })
    const plain = configured({})
    const same = after(plain, step([1, 1, 1], [1, 1, 1]))
    expect(pike.decide(plain, same, same.weights).kind).toBe('hold')
  })
})
