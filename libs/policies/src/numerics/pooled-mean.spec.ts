import { describe, expect, it } from 'vitest'
import { pooledMean } from './pooled-mean.js'
import { stepWith } from '../step-fact.fixture.js'

const fact = stepWith(1, [1, null, 1], [0.5, 0.3, 0.2])

describe('a pooled mean', () => {
  it('weighs the reports of all domains alike, whoever sent them', () => {
    // Two ranks report the first domain, one rank the third; the second was in no batch.
    expect(pooledMean(fact, [0.02, 0, 0.01], [2, 0, 1])).toBeCloseTo(0.01, 16)
  })

  it('leaves out domains that are absent or have no count', () => {
    expect(pooledMean(fact, [0.02, 9, 9], [2, 1, 0])).toBe(0.01)
  })

  it('is undefined without reports, without the signal, or beyond all numbers', () => {
    expect(pooledMean(fact, [1, 1, 1], [0, 1, -1])).toBeUndefined()
    expect(pooledMean(fact, undefined, [1, 1, 1])).toBeUndefined()
    expect(pooledMean(fact, [1, 1, 1], undefined)).toBeUndefined()
    expect(pooledMean(fact, [1.7e308, 0, 1.7e308], [1, 0, 1])).toBeUndefined()
  })
})
