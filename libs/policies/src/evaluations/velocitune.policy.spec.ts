import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { velocitune } from './velocitune.policy.js'

type Config = typeof velocitune.defaults
const byName = (values: readonly number[]) => Object.fromEntries(values.map((value, i) => [`d${i}`, value]))
const start = { domains: ['d0', 'd1', 'd2'].map((name) => ({ name })), weights: [0.5, 0.3, 0.2] }
const config: Config = {
  ...velocitune.defaults,
  targetLosses: byName([2, 1, 1.5]),
  initialLosses: byName([2.5, 1.5, 1.6]),
}
const evaluation = (step: number, loss: readonly (number | null)[]) =>
  ({ kind: 'evaluation', step, loss, scores: {} }) as const
const run = (given: Config, ...evaluations: readonly (readonly (number | null)[])[]) =>
  evaluations.reduce(
    (state, loss, i) => velocitune.evolve(given, state, evaluation(i + 1, loss)),
    velocitune.initialState(given, start),
  )
const expectNear = (got: readonly (number | null)[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

describe('Velocitune', () => {
  it('gives the velocities and weights of the specification', () => {
    const state = run(config, [2.2, 1.2, 1.6])
    expectNear(state.velocities, [0.4, 0.4, 1], 14)
    expectNear(state.weights, [0.4293969405, 0.2576381643, 0.3129648952], 9)
  })

  it('leaves the weights where all velocities are equal, or all have arrived', () => {
    expectNear(run(config, [2.25, 1.25, 1.55]).weights, start.weights, 14)
    expectNear(run(config, [2, 0.5, 1.2]).weights, start.weights, 15)
  })

  it('clamps: below the target is arrived, above the initial loss is no progress', () => {
    expectNear(run(config, [9, 0, 1.55]).velocities, [1, 0, 0.5], 14)
  })

  it('counts a domain that began at its target as arrived, and says so', () => {
    const stuck = { ...config, initialLosses: byName([2, 1.5, 1.4]) }
    const state = run(stuck, [2.2, 1.2, 1.6])
    expect([state.velocities[0], state.velocities[2]]).toEqual([0, 0])
    const proposal = velocitune.decide(stuck, state, start.weights)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    expect(proposal.because.summary).toContain('2 of 3 began at or below their target')
  })

  it('takes the first evaluation of each domain for its initial loss where none is given', () => {
    const unknown = { ...config, initialLosses: null }
    const first = run(unknown, [2.5, null, 1.6])
    expectNear(first.weights, start.weights, 15)
    expect(first.initial).toEqual([2.5, null, 1.6])
    const third = run(unknown, [2.5, null, 1.6], [2.2, 1.5, 1.6], [2.2, 1.2, 1.6])
    expect(third.initial).toEqual([2.5, 1.5, 1.6])
    expectNear(third.velocities, [0.4, 0.4, 1], 14)
  })

  it('keeps every weight at or above smoothing/K, and obeys the step size', () => {
    const smoothed = { ...config, smoothing: 0.3, stepSize: 50 }
    const { weights } = run(smoothed, [2, 1, 1.6], [2, 1, 1.6])
    expectNear(weights, [0.1, 0.1, 0.8], 9)
  })

  it('leaves a domain without a loss its share', () => {
    expect(run(config, [2.2, null, 1.6]).weights[1]).toBeCloseTo(0.3, 15)
  })

  it('stays finite for any number', () => {
    const extreme = {
      ...config,
      targetLosses: byName([-1e308, 0, 5e-324]),
      initialLosses: byName([1e308, 5e-324, 1]),
    }
    const state = run(extreme, [1e308, -1e308, 0], [0, 5e-324, 1e-320])
    for (const velocity of state.velocities) expect(velocity! >= 0 && velocity! <= 1).toBe(true)
    expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
  })

  it('holds before the first evaluation, and needs targets', () => {
    const fresh = velocitune.initialState(config, start)
    expect(velocitune.decide(config, fresh, start.weights)).toMatchObject({ kind: 'hold' })
    const missing = configure(velocitune, { initialLosses: { d0: 1 } }, start)
    expect(missing.ok ? [] : missing.problems).toHaveLength(2)
  })
})
