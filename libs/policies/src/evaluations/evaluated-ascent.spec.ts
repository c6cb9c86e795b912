import { describe, expect, it } from 'vitest'
import { ascendBy, beginAscent, explainedUpToHere, type Ascent } from './evaluated-ascent.js'
import { exponentiatedStepAmong } from '../numerics/exponentiated-step.js'

const evaluation = (step: number, loss: readonly (number | null)[]) =>
  ({ kind: 'evaluation', step, loss, scores: {} }) as const
const take = (state: Ascent, step: number, loss: readonly (number | null)[], smoothing = 0.1) =>
  ascendBy(state, evaluation(step, loss), smoothing, exponentiatedStepAmong)

describe('an ascent an evaluation', () => {
  const start = beginAscent([0.5, 0.3, 0.2])

  it('counts an evaluation once, in one message or in several', () => {
    const whole = take(start, 5, [1, 2, 0])
    const parted = take(take(take(start, 5, [null, 2, null]), 5, [1, null, null]), 5, [null, null, 0])
    expect(parted.evaluations).toBe(1)
    expect(parted.weights).toEqual(whole.weights)
    parted.moved.losses.forEach((part, i) => expect(part).toBeCloseTo(whole.moved.losses[i]!, 15))
    parted.moved.smoothing.forEach((part, i) => expect(part).toBeCloseTo(whole.moved.smoothing[i]!, 15))
    expect(take(parted, 5, [1, 2, 0]).evaluations).toBe(2)
  })

  it('says what losses and smoothing moved since the last mixture', () => {
    const first = explainedUpToHere(take(start, 1, [1, 0, null]))
    const second = take(take(first, 2, [0, 1, 1]), 3, [3, null, 0])
    second.weights.forEach((weight, i) =>
      expect(second.moved.losses[i]! + second.moved.smoothing[i]!).toBeCloseTo(
        weight - first.weights[i]!,
        14,
      ),
    )
  })

  it('moves by smoothing alone where only one domain was evaluated', () => {
    const state = take(start, 1, [7, null, null])
    expect(state.moved.losses).toEqual([0, 0, 0])
    state.weights.forEach((weight, i) => expect(weight).toBeCloseTo(0.9 * start.weights[i]! + 0.1 / 3, 15))
  })

  it('does not change without a number', () => {
    expect(take(start, 1, [null, null, null])).toBe(start)
  })
})
