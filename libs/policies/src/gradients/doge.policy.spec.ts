import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { dogeResult } from './doge-result.js'
import { doge } from './doge.policy.js'
import type { StepFact } from '../policy.js'

type Config = typeof doge.defaults
const configured = (config: Partial<Config>): Config => ({ ...doge.defaults, ...config })
const startWith = (domains: number, weights = new Array<number>(domains).fill(1 / domains)) => ({
  domains: Array.from({ length: domains }, (_, i) => ({ name: `d${i}` })),
  weights,
})
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

/** A step with one report of every domain that has an alignment; `null` for a domain that reports nothing. */
function step(
  number: number,
  alignment: readonly (number | null)[],
  norm: readonly (number | null)[],
  learningRate = 5e-4,
): StepFact {
  const reports = alignment.map((one) => Number(one !== null))
  return {
    kind: 'step',
    step: number,
    present: reports.map((one) => one === 1),
    tokens: reports.map((one) => one * 512),
    lossSum: reports.map((one) => one * 1024),
    signals: {
      gradientAlignment: alignment.map((one) => one ?? 0),
      gradientSquaredNorm: norm.map((one) => (one ?? 0) ** 2),
      gradientReports: reports,
      learningRate: reports.map((one) => one * learningRate),
    },
    inForce: reports.map(() => 1 / reports.length),
  }
}

function run(config: Config, facts: readonly StepFact[], start = startWith(facts[0]!.present.length)) {
  let state = doge.initialState(config, start)
  return facts.map((fact) => (state = doge.evolve(config, state, fact)))
}

const official = configured({ scoreDivisor: 0.01 })

describe('DoGE against the published code', () => {
  it('gives its weights: scores over the mean norm, negative alignment counting as none', () => {
    const [state] = run(official, [step(1, [0.4, -0.1, 0.2], [1, 2, 3])])
    expectNear(state!.weights, [0.3350013811, 0.3316680633, 0.3333305556], 8)
  })

  it('moves a log-weight by at most scoreMaximum · learning rate / scoreDivisor', () => {
    const [state] = run(official, [step(1, [1e6, 0, 0], [1, 1, 1])])
    expect(Math.log(state!.weights[0]! / state!.weights[1]!)).toBeCloseTo(0.25, 12)
    const free = run(configured({ scoreDivisor: 0.01, scoreMaximum: null, scoreMinimum: null }), [
      step(1, [40, -40, 0], [2, 2, 2]),
    ])
    expect(Math.log(free[0]!.weights[0]! / free[0]!.weights[1]!)).toBeCloseTo(2, 5)
  })

  it('nearly loses all other scores in a step with one huge gradient', () => {
    const [state] = run(official, [step(1, [1e8, 1, 1], [1e4, 1, 1])])
    expect(state!.weights[1]! / state!.weights[2]!).toBeCloseTo(1, 14)
    expect(Math.log(state!.weights[0]! / state!.weights[1]!)).toBeCloseTo(0.25, 4)
  })

  it('averages the weights after every update, without the start', () => {
    const states = run(official, [step(1, [1, 0, 0], [1, 1, 1]), step(2, [0, 2, 0], [1, 1, 1])])
    expect(dogeResult(states[0]!)).toEqual(states[0]!.weights)
    expectNear(
      dogeResult(states[1]!),
      states[0]!.weights.map((weight, i) => (weight + states[1]!.weights[i]!) / 2),
      15,
    )
  })

  it('counts a domain without any gradient yet as a gradient of zeros, which lowers the mean norm', () => {
    const [absent] = run(official, [step(1, [0.4, null, 0.2], [1, null, 3])])
    const [zeros] = run(official, [step(1, [0.4, 0, 0.2], [1, 0, 3])])
    expect(absent!.weights).toEqual(zeros!.weights)
  })

  it('uses the last gradient of a domain again that reports nothing', () => {
    const states = run(official, [
      step(1, [0.4, 0.1, 0.2], [1, 2, 3]),
      step(2, [0.3, null, 0.5], [2, null, 1]),
    ])
    const held = run(official, [step(1, [0.4, 0.1, 0.2], [1, 2, 3]), step(2, [0.3, 0.1, 0.5], [2, 2, 1])])
    expect(states[1]!.weights).toEqual(held[1]!.weights)
  })

  it('takes a report of a stale gradient without tokens as it is', () => {
    const fact = step(1, [0.4, 0.1, 0.2], [1, 2, 3])
    const [state] = run(official, [{ ...fact, tokens: [512, 0, 512], lossSum: [1024, 0, 1024] }])
    expect(state!.weights).toEqual(run(official, [fact])[0]!.weights)
  })

  it('leaves domains that are only targets at weight 0, outside the mean norm and the smoothing', () => {
    const config = configured({ targetOnly: ['d3'], smoothing: 0.1 })
    const [state] = run(config, [step(1, [1, 2, 0, 99], [1, 1, 1, 99])], startWith(4))
    const [alone] = run(configured({ smoothing: 0.1 }), [step(1, [1, 2, 0], [1, 1, 1])])
    expectNear(state!.weights, [...alone!.weights, 0], 14)
    expect(state!.weights[3]).toBe(0)
    expect(dogeResult(state!)[3]).toBe(0)
  })
})

describe('DoGE as in the paper', () => {
  it('multiplies by the exponential of learning rate · alignment / scoreDivisor, negative ones too', () => {
    const config = configured({ variant: 'paper', scoreDivisor: 0.01 })
    const [state] = run(config, [step(1, [4, -2, 0], [1, 2, 3])])
    const powers = [0.2, -0.1, 0].map(Math.exp)
    const total = powers.reduce((a, b) => a + b)
    expectNear(
      state!.weights,
      powers.map((power) => power / total),
      14,
    )
    expect(doge.signals(config)).toEqual(['gradientAlignment', 'gradientReports', 'learningRate'])
  })
})

describe('DoGE adds up what ranks report', () => {
  const whole = step(1, [0.4, 0.1, 0.2], [1, 2, 3])
  const told = (signals: StepFact['signals']) => run(official, [{ ...whole, signals }])[0]!.weights

  it('shards of the parameters: inner products and squared norms are sums, one rank counts', () => {
    const shards = [
      { gradientAlignment: [0.3, 0.2, -0.1], gradientSquaredNorm: [0.5, 3, 4], reports: 1 },
      { gradientAlignment: [0.1, -0.1, 0.3], gradientSquaredNorm: [0.5, 1, 5], reports: 0 },
    ]
    const added = (column: (shard: (typeof shards)[number]) => readonly number[]) =>
      [0, 1, 2].map((i) => shards.reduce((total, shard) => total + column(shard)[i]!, 0))
    const merged = told({
      gradientAlignment: added((shard) => shard.gradientAlignment),
      gradientSquaredNorm: added((shard) => shard.gradientSquaredNorm),
      gradientReports: added(({ reports }) => [reports, reports, reports]),
      learningRate: added(({ reports }) => [5e-4, 5e-4, 5e-4].map((rate) => rate * reports)),
    })
    expectNear(merged, told(whole.signals), 15)
  })

  it('copies of the whole gradient: every rank sends all and counts one', () => {
    const eight = Object.fromEntries(
      Object.entries(whole.signals).map(([name, column]) => [name, column.map((value) => value * 8)]),
    )
    expectNear(told(eight), run(official, [whole])[0]!.weights, 15)
  })

  it('takes the learning rate from the step, or from the configuration', () => {
    const constant = configured({ scoreDivisor: 0.01, learningRate: 5e-4 })
    expectNear(run(constant, [step(1, [0.4, 0.1, 0.2], [1, 2, 3], 77)])[0]!.weights, told(whole.signals), 15)
    expect(doge.signals(constant)).not.toContain('learningRate')
    const { learningRate: _, ...without } = whole.signals
    expect(run(official, [{ ...whole, signals: without }])[0]!.updates).toBe(0)
  })
})

describe('DoGE keeps its promises', () => {
  it('changes nothing without a report, and says which signals are missing', () => {
    const fresh = doge.initialState(official, startWith(2))
    expect(doge.evolve(official, fresh, step(1, [null, null], [null, null]))).toBe(fresh)
    expect(doge.decide(official, fresh, [0.5, 0.5])).toEqual({
      kind: 'hold',
      because: expect.stringMatching(/^No update yet: no step has carried `gradientAlignment`.*\.$/),
    })
  })

  it('says what alignment and smoothing moved, and shows its result', () => {
    const config = configured({ smoothing: 0.01 })
    const state = run(config, [step(1, [1, 2, 0], [1, 1, 1]), step(2, [3, 0, 0], [1, 1, 2])]).at(-1)!
    const proposal = doge.decide(config, state, startWith(3).weights)
    if (proposal.kind !== 'reweigh') throw new Error('expected weights')
    expect(Object.keys(proposal.because.parts)).toEqual(['alignment', 'smoothing'])
    expect(proposal.controls).toEqual({ averageWeights: dogeResult(state) })
  })

  it('refuses bounds that cross and targets that are no domains, or all of them', () => {
    const problems = (given: object) => {
      const result = configure(doge, given, startWith(2))
      return result.ok ? [] : result.problems
    }
    expect(problems({})).toEqual([])
    expect(problems({ scoreMinimum: 6 })).toEqual([expect.stringContaining('scoreMaximum (5)')])
    expect(problems({ targetOnly: ['papers'] })).toEqual([expect.stringContaining('d0, d1')])
    expect(problems({ targetOnly: ['d0', 'd1'] })).toEqual([expect.stringContaining('all of them')])
  })
})
