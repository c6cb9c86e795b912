import { describe, expect, it } from 'vitest'
import { doremiResult } from './doremi-result.js'
import { doremi } from './doremi.policy.js'
import { stepWith } from '../step-fact.fixture.js'

type Config = typeof doremi.defaults
const configured = (config: Partial<Config>): Config => ({ ...doremi.defaults, ...config })
const startWith = (domains: number) => ({
  domains: Array.from({ length: domains }, (_, i) => ({ name: `d${i}` })),
  weights: Array.from({ length: domains }, () => 1 / domains),
})
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

function run(config: Config, scores: readonly (readonly (number | null)[])[]) {
  let state = doremi.initialState(config, startWith(scores[0]!.length))
  return scores.map(
    (score, i) => (state = doremi.evolve(config, state, stepWith(i + 1, score, state.weights, 1000))),
  )
}

describe('DoReMi against the published code', () => {
  const states = run(configured({ variant: 'official' }), [
    [0.2, 0.2, 0.6],
    [0.2, 0.2, 0.6],
  ])

  it('gives its weights', () => {
    expectNear(states[0]!.weights, [0.2864302, 0.2864302, 0.4271397], 6.5)
    expectNear(states[1]!.weights, [0.2368006, 0.2368006, 0.5263988], 6.5)
  })

  it('gives its running average, which includes the initial weights', () => {
    expectNear(doremiResult(states[0]!), [0.3098818, 0.3098818, 0.3802365], 6.5)
    expectNear(doremiResult(states[1]!), [0.2855214, 0.2855214, 0.4289573], 6.5)
  })

  it('keeps its trap: a domain missing from the first batch takes nearly all weight', () => {
    const [state] = run(configured({ variant: 'official' }), [[0.3, 0.3, null]])
    expect(state!.weights[2]).toBeGreaterThan(0.999)
    const fixed = run(configured({ variant: 'paper', missingDomain: 'hold' }), [[0.3, 0.3, null]])
    expectNear(fixed[0]!.weights, [1 / 3, 1 / 3, 1 / 3], 12)
  })

  it('holds the last score of a missing domain', () => {
    const held = run(configured({ variant: 'official' }), [
      [0.2, 0.2, 0.6],
      [0.2, 0.2, null],
    ])
    expect(held[1]!.weights).toEqual(states[1]!.weights)
  })

  it('stays finite when every token of a domain is masked, where the published code becomes NaN', () => {
    const config = configured({ variant: 'official' })
    const fact = stepWith(1, [0.2, null, 0.6], [1 / 3, 1 / 3, 1 / 3])
    const masked = { ...fact, present: [true, true, true], sequences: [4, 4, 4] }
    const fresh = doremi.initialState(config, startWith(3))
    expect(doremi.evolve(config, fresh, masked)).toEqual(doremi.evolve(config, fresh, fact))
  })
})

describe('DoReMi as in the paper', () => {
  it('averages the weights of the steps, without the initial ones', () => {
    const states = run(configured({}), [
      [0.2, 0.2, 0.6],
      [0.2, 0.2, 0.6],
    ])
    expect(doremiResult(states[0]!)).toEqual(states[0]!.weights)
    expectNear(
      doremiResult(states[1]!),
      states[0]!.weights.map((w, i) => (w + states[1]!.weights[i]!) / 2),
      15,
    )
  })

  it('without smoothing is exactly exponential', () => {
    const steps = 30
    const state = run(
      configured({ smoothing: 0 }),
      Array.from({ length: steps }, () => [0.5, 0.3]),
    ).at(-1)!
    expect(state.weights[0]! / state.weights[1]!).toBeCloseTo(Math.exp(steps * 0.2), 9)
  })

  it('does not move from uniform without excess loss', () => {
    expectNear(run(configured({}), [[0, 0, 0]])[0]!.weights, [1 / 3, 1 / 3, 1 / 3], 15)
  })

  it('comes to rest where smoothing balances a constant gap', () => {
    const state = run(
      configured({}),
      Array.from({ length: 300 }, () => [0.5, 0]),
    ).at(-1)!
    expectNear(state.weights, [0.99873023, 0.00126977], 8)
  })

  it('keeps every weight at or above smoothing/K', () => {
    const state = run(
      configured({}),
      Array.from({ length: 500 }, () => [10, 0, 0, 0]),
    ).at(-1)!
    for (const weight of state.weights) expect(weight).toBeGreaterThanOrEqual(1e-3 / 4 - 1e-18)
    expect(state.weights[0]).toBeLessThanOrEqual(1 - (1e-3 * 3) / 4 + 1e-12)
  })

  it('leaves a missing domain its share, holds its score, or scores it zero', () => {
    const after = (missingDomain: Config['missingDomain']) =>
      run(configured({ smoothing: 0, missingDomain }), [
        [0.2, 0.2, 0.6],
        [0.2, 0.6, null],
      ])
    const [before, neutral] = after('holdNeutral')
    expect(neutral!.weights[2]).toBeCloseTo(before!.weights[2]!, 14)
    expect(neutral!.weights[1]).toBeGreaterThan(before!.weights[1]!)
    expect(after('hold')[1]!.weights).toEqual(
      run(configured({ smoothing: 0 }), [
        [0.2, 0.2, 0.6],
        [0.2, 0.6, 0.6],
      ])[1]!.weights,
    )
    expect(after('zero')[1]!.weights[2]).toBeLessThan(before!.weights[2]!)
  })
})

describe('DoReMi with a say in what it holds', () => {
  it('holds a score of zero before the first, where told so', () => {
    const held = (firstScore: Config['firstScore']) =>
      run(configured({ missingDomain: 'hold', firstScore, smoothing: 0 }), [[0.3, 0.3, null]])[0]!.weights
    expectNear(held('mean'), [1 / 3, 1 / 3, 1 / 3], 15)
    expect(held('zero')[2]).toBeCloseTo(1 / (1 + 2 * Math.exp(0.3)), 14)
  })

  it('averages with or without the start, whatever the variant does', () => {
    const scores = [[0.2, 0.2, 0.6]]
    for (const variant of ['official', 'paper', 'dataflex'] as const) {
      const [without] = run(configured({ variant, averageIncludesStart: false }), scores)
      expect(doremiResult(without!)).toEqual(without!.weights)
      const [including] = run(configured({ variant, averageIncludesStart: true }), scores)
      expectNear(
        doremiResult(including!),
        including!.weights.map((weight) => (weight + 1 / 3) / 2),
        15,
      )
    }
  })
})

describe('DoReMi as in DataFlex', () => {
  const config = configured({ variant: 'dataflex' })

  it('centres the scores of present domains on their mean', () => {
    // Sums and weights of a recording of the published class.
    const fact = {
      ...stepWith(1, [1, 1, 1], [1 / 3, 1 / 3, 1 / 3]),
      tokens: [83, 105, 101],
      signals: { clippedExcessSum: [98.28119897842407, 39.066768154501915, 55.300648629665375] },
    }
    const state = doremi.evolve(config, doremi.initialState(config, startWith(3)), fact)
    expectNear(state.weights, [0.5066566422549145, 0.22511487052589055, 0.2682284872191951], 7)
    expect(doremiResult(state)).toEqual(state.weights)
  })

  it('scores an absent domain as exactly the average', () => {
    const [absent] = run(config, [[0.2, 0.6, null]])
    const [average] = run(config, [[0.2, 0.6, 0.4]])
    expectNear(absent!.weights, average!.weights, 15)
    expect(absent!.scores).toEqual([0.2, 0.6, 0])
  })

  it('bounds how far a score is from the mean', () => {
    const ratio = (scoreClip: number | null) => {
      const [state] = run(configured({ variant: 'dataflex', smoothing: 0, scoreClip }), [[30, 0, 0]])
      return Math.log(state!.weights[0]! / state!.weights[1]!)
    }
    expect(ratio(5)).toBeCloseTo(10, 10)
    expect(ratio(null)).toBeCloseTo(30, 10)
  })

  it('smooths and averages a step without evidence too, as long as the signal is there', () => {
    const [first, second] = run(config, [
      [0.2, 0.6, 0.4],
      [null, null, null],
    ])
    expectNear(
      second!.weights,
      first!.weights.map((weight) => 0.999 * weight + 0.001 / 3),
      15,
    )
    const fact = { ...stepWith(3, [null, null, null], [1 / 3, 1 / 3, 1 / 3]), signals: {} }
    expect(doremi.evolve(config, second!, fact)).toBe(second)
  })
})

describe('DoReMi keeps its promises', () => {
  it('changes nothing in a step without evidence, or without its signal', () => {
    for (const variant of ['official', 'paper'] as const) {
      const config = configured({ variant })
      const fresh = doremi.initialState(config, startWith(2))
      const fact = stepWith(1, [0.5, 0.1], [0.5, 0.5])
      expect(doremi.evolve(config, fresh, stepWith(1, [null, null], [0.5, 0.5]))).toBe(fresh)
      expect(doremi.evolve(config, fresh, { ...fact, signals: {} })).toBe(fresh)
      expect(doremi.decide(config, fresh, [0.5, 0.5])).toMatchObject({ kind: 'hold' })
    }
  })

  it('stays finite with scores that no exponential holds', () => {
    for (const config of [
      configured({ variant: 'official', stepSize: 1e9 }),
      configured({ stepSize: 1e9 }),
    ]) {
      const state = run(config, [
        [1e300, 0, 1],
        [0, 1e300, null],
        [1e4, 1e4, 1e4],
      ]).at(-1)!
      expect(state.weights.every((weight) => weight > 0 && weight <= 1)).toBe(true)
    }
  })

  it('says what excess loss and smoothing moved over several steps, and shows its result', () => {
    const config = configured({})
    const state = run(
      config,
      Array.from({ length: 10 }, (_, i) => [0.5, 0.1 * (i % 3), null]),
    ).at(-1)!
    const current = startWith(3).weights
    const proposal = doremi.decide(config, state, current)
    if (proposal.kind !== 'reweigh') throw new Error('expected weights')
    expect(Object.keys(proposal.because.parts)).toEqual(['excessLoss', 'smoothing'])
    expect(proposal.controls).toEqual({ averageWeights: doremiResult(state) })
  })
})
