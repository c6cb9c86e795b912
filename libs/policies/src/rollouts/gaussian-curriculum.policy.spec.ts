import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { gaussianCurriculum } from './gaussian-curriculum.policy.js'
import type { StepFact } from '../policy.js'

type Config = typeof gaussianCurriculum.defaults
const configured = (config: Partial<Config>): Config => ({ ...gaussianCurriculum.defaults, ...config })
const start = (...names: string[]) => ({
  domains: names.map((name) => ({ name })),
  weights: names.map(() => 1 / names.length),
})
const three = start('a', 'b', 'c')

/** A step in which domain i had so many rollouts of this mean reward and angle; null: it was absent. */
function stepWith(
  step: number,
  rows: readonly (readonly [rollouts: number, reward: number, angle?: number] | null)[],
): StepFact {
  const column = (value: (row: readonly [number, number, number?]) => number) =>
    rows.map((row) => (row === null ? 0 : value(row)))
  return {
    kind: 'step',
    step,
    present: rows.map((row) => row !== null),
    tokens: column(() => 100),
    lossSum: column(() => 200),
    signals: {
      rewardSum: column(([count, reward]) => count * reward),
      rollouts: column(([count]) => count),
      angleSum: column(([count, , angle]) => count * (angle ?? 0)),
    },
    inForce: rows.map(() => 1 / rows.length),
  }
}
const near = (got: readonly number[], expected: readonly number[], digits = 12) =>
  expected.forEach((number, i) => expect(got[i]).toBeCloseTo(number, digits))

describe('the centre moves as in the published code', () => {
  it.each([
    [1, 0, 0],
    [2, 0, 380.7971],
    [1, 0.1, 98.6877],
    [0, 0.5, 0],
    [2, 1, 862.8109],
  ])('a mean reward of %f and an angle of %f shift it by %f', (reward, angle, shift) => {
    const config = configured({ angle: true, stepSize: 500, width: 1000, largestShift: 1000 })
    const before = gaussianCurriculum.initialState(config, three)
    const after = gaussianCurriculum.evolve(config, before, stepWith(1, [[4, reward, angle], null, null]))
    expect(after.shift).toBeCloseTo(shift, 4)
    expect(after.center).toBe(after.shift)
  })

  it('by rewards of 0 and 1 never without the angle, unless told their scale', () => {
    const shift = (rewardScale: number) => {
      const config = configured({ rewardScale, stepSize: 1, largestShift: 2 })
      const before = gaussianCurriculum.initialState(config, three)
      return gaussianCurriculum.evolve(config, before, stepWith(1, [[4, 1], null, null])).shift
    }
    expect(shift(2)).toBe(0)
    expect(shift(1)).toBeCloseTo(Math.tanh(1), 15)
  })

  it('within its bounds, and never back unless allowed to', () => {
    const shift = (config: Partial<Config>, reward: number) => {
      const whole = configured({ stepSize: 4, ...config })
      const before = gaussianCurriculum.initialState(whole, three)
      return gaussianCurriculum.evolve(whole, before, stepWith(1, [[4, reward], null, null])).shift
    }
    expect(shift({}, 2)).toBe(3 / 8)
    expect(shift({ largestShift: 1 }, 2)).toBe(1)
    expect(shift({}, 0)).toBe(0)
    expect(shift({ smallestShift: -0.5 }, 0)).toBe(-0.5)
  })

  it('by all rollouts together, however they fall on domains, since the last update', () => {
    const config = configured({ rewardScale: 1, updateEvery: 3 })
    const facts = [
      stepWith(1, [[30, 1], null, [10, 0]]),
      stepWith(2, [null, null, null]),
      stepWith(3, [null, [0, 1], [10, 1]]),
    ]
    const state = facts.reduce(
      (before, fact) => gaussianCurriculum.evolve(config, before, fact),
      gaussianCurriculum.initialState(config, three),
    )
    expect(state).toMatchObject({ updates: 1, pending: { reward: 0, angle: 0, rollouts: 0 } })
    expect(state.shift).toBeCloseTo((3 / 16) * Math.tanh(2 * (0.8 - 0.5)), 15)
  })

  it('not at all without rollouts', () => {
    const config = configured({})
    const state = gaussianCurriculum.initialState(config, three)
    expect(gaussianCurriculum.evolve(config, state, stepWith(1, [[0, 1], null, null]))).toBe(state)
    expect(
      gaussianCurriculum.evolve(config, state, { ...stepWith(1, [[4, 1], null, null]), signals: {} }),
    ).toBe(state)
  })
})

describe('the mixture', () => {
  const weights = (config: Config, state: ReturnType<typeof gaussianCurriculum.initialState>) => {
    const proposal = gaussianCurriculum.decide(config, state, [1 / 3, 1 / 3, 1 / 3])
    if (proposal.kind !== 'reweigh') throw new Error('It holds.')
    return proposal
  }

  it('is the published one of the first centre at once: it needs no evidence', () => {
    const config = configured({ width: 0.5 })
    const { weights: first, because } = weights(config, gaussianCurriculum.initialState(config, three))
    near(first, [0.8805369017749616, 0.11916771100200385, 0.00029538722303456454], 15)
    expect(because.summary).toContain('moves with the first step that carries `rewardSum` and `rollouts`')
    expect(Object.keys(because.parts)).toEqual(['ranking', 'center'])
  })

  it('has a width of a sixth of the ranks', () => {
    const names = Array.from({ length: 16 }, (_, i) => `rank-${i}`)
    const config = configured({})
    const state = gaussianCurriculum.initialState(config, start(...names))
    const proposal = gaussianCurriculum.decide(config, state, start(...names).weights)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    near(proposal.weights, [0.26026951841591606, 0.24259786680068932, 0.1964617396909407], 15)
  })

  it('follows the ranking and not the order of the run', () => {
    const config = configured({ ranking: ['c', 'a', 'b'], width: 0.5 })
    const { weights: first } = weights(config, gaussianCurriculum.initialState(config, three))
    near(first, [0.11916771100200385, 0.00029538722303456454, 0.8805369017749616], 15)
  })

  it('is that of the old centre, one update late, for the other trainer', () => {
    const config = configured({ rewardScale: 1, sampleAt: 'oldCenter' })
    const before = gaussianCurriculum.initialState(config, three)
    const once = gaussianCurriculum.evolve(config, before, stepWith(1, [[4, 1], null, null]))
    near(weights(config, once).weights, weights(config, before).weights, 15)
    const twice = gaussianCurriculum.evolve(config, once, stepWith(2, [[4, 1], null, null]))
    near(
      weights(config, twice).weights,
      weights(configured({ ...config, sampleAt: 'newCenter' }), once).weights,
      15,
    )
  })

  it('is explained by the movement of the centre since the last mixture', () => {
    const config = configured({ rewardScale: 1 })
    const before = gaussianCurriculum.initialState(config, three)
    const first = weights(config, before).weights
    const told = gaussianCurriculum.evolve(config, before, { kind: 'mixture', step: 0, weights: first })
    const next = gaussianCurriculum.evolve(config, told, stepWith(1, [null, [8, 1], null]))
    const proposal = gaussianCurriculum.decide(config, next, first)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    expect(Object.keys(proposal.because.parts)).toEqual(['center'])
    near(
      proposal.because.parts['center']!,
      proposal.weights.map((weight, i) => weight - first[i]!),
      15,
    )
    expect(gaussianCurriculum.decide(config, told, first)).toEqual({
      kind: 'hold',
      because: expect.stringMatching(/^No update yet: no step has carried `rollouts`.*\.$/),
    })
  })

  it('ends on the last domain, where the published weights are 0/0', () => {
    const config = configured({ startRank: 1e15 })
    expect(weights(config, gaussianCurriculum.initialState(config, three)).weights).toEqual([0, 0, 1])
  })
})

it('says what is wrong with a ranking, items, or bounds', () => {
  const given = { ranking: ['a', 'b'], items: { a: 3 }, smallestShift: 1, largestShift: 0 }
  expect(configure(gaussianCurriculum, given, three)).toEqual({
    ok: false,
    problems: [
      expect.stringContaining('no place for c'),
      expect.stringContaining('got none for b, c'),
      expect.stringContaining('smallestShift: expected at most largestShift (0), got 1'),
    ],
  })
})

it('asks for the angle signal only where it is to be used', () => {
  expect(gaussianCurriculum.signals(configured({}))).toEqual(['rewardSum', 'rollouts'])
  expect(gaussianCurriculum.signals(configured({ angle: true }))).toContain('angleSum')
})
