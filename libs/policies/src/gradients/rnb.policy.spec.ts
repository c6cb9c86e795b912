import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import type { StepFact } from '../policy.js'
import { rnb } from './rnb.policy.js'

type Config = typeof rnb.defaults
const configured = (config: Partial<Config>): Config => ({ ...rnb.defaults, ...config })
const start = {
  domains: ['a', 'b', 'c'].map((name) => ({ name })),
  weights: [0.5, 0.3, 0.2],
}
const uniform = { a: 1, b: 1, c: 1 }
const gram = [
  [1, 0.2, 0],
  [0.2, 0.5, 0.1],
  [0, 0.1, 0.3],
]
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

function step(signals: StepFact['signals'], present = [true, true, true], number = 1): StepFact {
  const counts = present.map(Number)
  return {
    kind: 'step',
    step: number,
    present,
    tokens: counts,
    lossSum: counts,
    signals,
    inForce: start.weights,
  }
}

/** The matrix as its columns, of gradients summed over so many samples. */
function columns(matrix: readonly (readonly number[])[], samples: readonly number[]): StepFact['signals'] {
  const named = matrix.map((_, j): [string, number[]] => [
    `gradientInnerProduct.${j}`,
    matrix.map((row, i) => row[j]! * samples[i]! * samples[j]!),
  ])
  return { ...Object.fromEntries(named), gradientSamples: samples }
}

const after = (config: Partial<Config>, fact: StepFact) =>
  rnb.evolve(configured(config), rnb.initialState(configured(config), start), fact)

describe('R&B', () => {
  const whole = after({ evaluationProportions: uniform }, step(columns(gram, [1, 1, 1])))

  it('gives the softmax of G q at unit length', () => {
    expectNear(whole.weights, [0.4252745613, 0.3255362248, 0.2491892139], 10)
  })

  it('does not care how large gradients are, how many samples a domain had, and how many ranks sent the same', () => {
    for (const samples of [
      [7, 1, 300],
      [1e6, 1e6, 1e6],
    ]) {
      const fact = step(columns(gram, samples))
      expectNear(after({ evaluationProportions: uniform }, fact).weights, whole.weights, 14)
      const tripled = Object.fromEntries(
        Object.entries(fact.signals).map(([name, values]) => [name, values.map((value) => 3 * value)]),
      )
      expectNear(after({ evaluationProportions: uniform }, step(tripled)).weights, whole.weights, 14)
    }
    const tiny = gram.map((row) => row.map((one) => one * 1e-200))
    expectNear(
      after({ evaluationProportions: uniform }, step(columns(tiny, [1, 1, 1]))).weights,
      whole.weights,
      14,
    )
  })

  it('is the same where the trainer mixes the target itself', () => {
    const proportions = [0.2, 0.5, 0.3]
    const alignment = gram.map(
      (row, i) => [5, 9, 2][i]! * row.reduce((all, g, j) => all + g * proportions[j]!, 0),
    )
    const mixed = after({}, step({ gradientAlignment: alignment, gradientSamples: [5, 9, 2] }))
    const given = after({ evaluationProportions: { c: 3, a: 2, b: 5 } }, step(columns(gram, [5, 9, 2])))
    expectNear(mixed.weights, given.weights, 14)
  })

  it('takes all the sharper, the larger sharpness is', () => {
    const weights = (sharpness: number) =>
      after({ sharpness }, step({ gradientAlignment: [3, 2, 1], gradientSamples: [1, 1, 1] })).weights
    expectNear(weights(0), [1 / 3, 1 / 3, 1 / 3], 15)
    expect(weights(50)[0]).toBeGreaterThan(0.99)
  })

  it('has no memory', () => {
    const config = configured({ evaluationProportions: uniform })
    const other = rnb.evolve(config, whole, step(columns(gram, [1, 1, 1]), undefined, 2))
    expect(other.weights).toEqual(whole.weights)
  })

  it('goes to uniform where nothing agrees with anything', () => {
    expectNear(
      after({}, step({ gradientAlignment: [0, 0, 0], gradientSamples: [1, 1, 1] })).weights,
      [1 / 3, 1 / 3, 1 / 3],
      15,
    )
  })
})

describe('R&B and absent domains', () => {
  const signals = { gradientAlignment: [2, 1, 0], gradientSamples: [1, 1, 0] }

  it('lets one keep its share, or counts it as agreeing 0', () => {
    const held = after({}, step(signals)).weights
    expect(held[2]).toBeCloseTo(0.2, 15)
    expect(Math.log(held[0]! / held[1]!)).toBeCloseTo(1 / Math.sqrt(5), 14)
    const zero = after({ missingDomain: 'zero' }, step(signals)).weights
    expect(Math.log(zero[1]! / zero[2]!)).toBeCloseTo(1 / Math.sqrt(5), 14)
  })

  it('leaves the column of one out of the sum', () => {
    const config = { evaluationProportions: uniform }
    const without = after(config, step(columns(gram, [1, 1, 0]))).weights
    const alone = after({}, step({ gradientAlignment: [1.2, 0.7, 0], gradientSamples: [1, 1, 0] })).weights
    expectNear(without, alone, 14)
  })

  it('changes nothing without samples, without a column, and between updates; and says what is missing', () => {
    const config = configured({ evaluationProportions: uniform, updateEvery: 2 })
    const fresh = rnb.initialState(config, start)
    const { 'gradientInnerProduct.1': _, ...lacking } = columns(gram, [1, 1, 1])
    for (const fact of [
      step(columns(gram, [0, 0, 0]), undefined, 2),
      step(lacking, undefined, 2),
      step(columns(gram, [1, 1, 1]), undefined, 1),
    ])
      expect(rnb.evolve(config, fresh, fact)).toBe(fresh)
    expect(rnb.decide(config, fresh, start.weights)).toEqual({
      kind: 'hold',
      because: expect.stringContaining('`gradientInnerProduct.2`, `gradientSamples`'),
    })
  })

  it('refuses proportions that do not fit the domains', () => {
    const problems = (evaluationProportions: object) => {
      const result = configure(rnb, { evaluationProportions }, start)
      return result.ok ? [] : result.problems
    }
    expect(problems({})).toEqual([])
    expect(problems({ a: 1, b: 2 })).toEqual([expect.stringContaining('c')])
    expect(problems({ a: 0, b: 0, c: 0 })).toEqual([expect.stringContaining('above 0')])
  })
})
