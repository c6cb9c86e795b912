import { describe, expect, it } from 'vitest'
import { learningRateOf } from './learning-rate.js'
import { stepWith } from '../step-fact.fixture.js'

const fact = stepWith(1, [1, 1], [0.5, 0.5])
const told = (learningRate: readonly number[], gradientReports: readonly number[]) => ({
  ...fact,
  signals: { learningRate, gradientReports },
})

describe('the learning rate of a step', () => {
  it('is the mean of the reports, however many ranks sent it', () => {
    expect(learningRateOf({ learningRate: null }, told([4e-3, 2e-3], [4, 2]))).toBeCloseTo(1e-3, 18)
  })

  it('is the configured one where there is one', () => {
    expect(learningRateOf({ learningRate: 0.5 }, told([4e-3, 2e-3], [4, 2]))).toBe(0.5)
    expect(learningRateOf({ learningRate: 0.5 }, fact)).toBe(0.5)
  })

  it('is unknown without reports, and where they are negative', () => {
    expect(learningRateOf({ learningRate: null }, fact)).toBeUndefined()
    expect(learningRateOf({ learningRate: null }, told([-1, 0], [1, 1]))).toBeUndefined()
  })
})
