import { describe, expect, it } from 'vitest'
import { ado } from './ado.policy.js'
import { adoSettings, type AdoConfig } from './ado-settings.js'
import { adoStep, type AdoStanding } from './ado-step.js'
import { sum } from '../numerics/sum.js'

const settings = (changes: Partial<AdoConfig>) => adoSettings({ ...ado.defaults, ...changes })
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

const law = (logScale: number, logIrreducible: number, exponent: number) => ({
  logScale,
  logIrreducible,
  exponent,
})
const mixture = [0.5, 0.3, 0.2]
const standing: AdoStanding = {
  prior: mixture,
  credit: mixture,
  average: mixture,
  counts: [1001 * 256, 1001 * 256, 1001 * 256],
  laws: [law(2, 0.5, 0.3), law(3, 0.7, 0.5), law(1, 0.6, 0.01)],
}

describe('a step of ADO against the published code', () => {
  const first = adoStep(settings({ variant: 'official' }), standing, 1000)

  it('gives its policy and its average; the third domain checks the floor of the exponent', () => {
    expectNear(first.weights, [0.507183267, 0.2799748015, 0.2128419315], 9.5)
    expectNear(first.average, [0.5000717609, 0.2997999481, 0.200128291], 9.5)
  })

  it('gives its policy of the step after', () => {
    const second = adoStep(settings({ variant: 'official' }), { ...standing, average: first.average }, 1001)
    expectNear(second.weights, [0.5072478518, 0.2797947548, 0.2129573934], 9.5)
  })

  it('gives the preference that its equations give by hand', () => {
    const { weights } = adoStep(settings({ variant: 'official', preferenceShare: 1 }), standing, 1000)
    expectNear(weights, [0.5718326699, 0.0997480151, 0.328419315], 9.5)
  })

  it('has a floor that ends a little below itself', () => {
    const level = {
      ...standing,
      prior: [0.9, 0.097, 0.003],
      credit: [1, 1, 1],
      laws: [law(2, 0, 0.3), law(2, 0, 0.3), law(2, 0, 0.3)],
    }
    const { weights } = adoStep(settings({ variant: 'official', preferenceShare: 1 }), level, 1000)
    expectNear(weights, [0.8937437934, 0.09632572, 0.0099304866], 9.5)
  })

  it('shrinks the rest first where the floors are more than everything', () => {
    const even = { ...standing, credit: [1, 1, 1], laws: [law(2, 0, 0.3), law(2, 0, 0.3), law(2, 0, 0.3)] }
    const { weights } = adoStep(settings({ variant: 'official', preferenceShare: 1, floor: 0.4 }), even, 1000)
    expectNear(
      weights,
      [0.4, 0.4, 0.4].map((one) => one / 1.2),
      12,
    )
    const high = adoStep(
      settings({ variant: 'official', preferenceShare: 1, floor: 0.35 }),
      { ...even, prior: [0.8, 0.1, 0.1] },
      1000,
    )
    expectNear(
      high.weights,
      [0.76, 0.35, 0.35].map((one) => one / 1.46),
      12,
    )
  })
})

describe('a step of ADO, every variant', () => {
  const variants = ['recommended', 'official', 'mixtera', 'paper'] as const
  const uniform = [1 / 3, 1 / 3, 1 / 3]

  it.each(variants)('%s is uniform where all domains are alike', (variant) => {
    const alike = {
      ...standing,
      prior: uniform,
      credit: uniform,
      average: uniform,
      laws: [law(2, 0.5, 0.3), law(2, 0.5, 0.3), law(2, 0.5, 0.3)],
    }
    const { weights, average } = adoStep(settings({ variant }), alike, 7)
    expectNear(weights, uniform, 14)
    expectNear(average, uniform, 14)
  })

  it.each(variants)(
    '%s gives twice the preference for twice the prior, and for four times the credit',
    (variant) => {
      const alike = { ...standing, laws: [law(2, 0.5, 0.3), law(2, 0.5, 0.3), law(2, 0.5, 0.3)] }
      const rule = settings({ variant, preferenceShare: 1, floor: 0 })
      const twice = adoStep(rule, { ...alike, prior: [0.5, 0.25, 0.25], credit: [1, 1, 1] }, 5).weights
      expect(twice[0]! / twice[1]!).toBeCloseTo(2, 12)
      const credited = adoStep(rule, { ...alike, prior: uniform, credit: [0.8, 0.2, 0.2] }, 5).weights
      expect(credited[0]! / credited[1]!).toBeCloseTo(2, 12)
    },
  )

  it.each(variants)('%s has terms that add up to its weights', (variant) => {
    const { weights, terms } = adoStep(settings({ variant }), standing, 12)
    weights.forEach((weight, i) =>
      expect(sum(Object.values(terms).map((term) => term[i]!))).toBeCloseTo(weight, 14),
    )
    expect(sum(weights)).toBeCloseTo(1, 12)
  })

  it.each(variants)('%s comes to its preference when that stays as it is', (variant) => {
    const rule = settings({ variant })
    let average: readonly number[] = [0.9, 0.05, 0.05]
    let weights: readonly number[] = average
    for (let step = 0; step < 20_000; step++)
      ({ average, weights } = adoStep(rule, { ...standing, average }, step))
    const wish = adoStep(settings({ variant, preferenceShare: 1 }), standing, 1).weights
    weights.forEach((weight, i) => expect(weight).toBeCloseTo(wish[i]!, 3))
  })

  it.each(variants)(
    '%s stays a mixture where no domain has any speed left, though the official code divides by zero',
    (variant) => {
      const still = { ...standing, laws: [law(-400, 0, 0.5), law(-401, 0, 0.5), law(-800, 0, 0.5)] }
      const { weights } = adoStep(settings({ variant }), still, 1000)
      expect(sum(weights)).toBeCloseTo(1, 12)
      expect(weights.every((weight) => weight > 0)).toBe(true)
    },
  )
})

describe('a step of ADO where the variants part', () => {
  it('Mixtera lifts the mixture, of domains seen so far, and has no floor on the exponent', () => {
    const unseen = {
      ...standing,
      prior: [0.6, 0.395, 0.005],
      average: [0.6, 0.395, 0.005],
      counts: [1000, 1000, 0],
    }
    const { weights } = adoStep(settings({ variant: 'mixtera' }), unseen, 10)
    expect(weights[2]).toBeLessThan(0.0051)
    const seen = adoStep(settings({ variant: 'mixtera' }), { ...unseen, counts: [1000, 1000, 1000] }, 10)
    expect(seen.weights[2]).toBeCloseTo(0.01, 3)
    expect(seen.terms.floor[2]).toBeGreaterThan(0.004)
  })

  it('the paper has no floor on the exponent', () => {
    const share = (variant: AdoConfig['variant']) =>
      adoStep(settings({ variant, preferenceShare: 1, floor: 0 }), standing, 1).weights
    const [paper, official] = [share('paper'), share('official')]
    expect(official[2]! / official[0]! / (paper[2]! / paper[0]!)).toBeCloseTo(0.05 / 0.01, 9)
  })

  it('a domain without a law keeps its prior share of the preference', () => {
    const partly = { ...standing, laws: [law(2, 0.5, 0.3), null, law(1, 0.6, 0.1)] }
    const { weights } = adoStep(settings({ preferenceShare: 1 }), partly, 1)
    expect(weights[1]).toBeCloseTo(0.3, 12)
  })
})

describe('credit as before the correction of the published code', () => {
  it('is √(h(1 − h)), so that a domain with everything has none', () => {
    const uniform = [1 / 3, 1 / 3, 1 / 3]
    const laws = [law(2, 0.5, 0.3), law(2, 0.5, 0.3), law(2, 0.5, 0.3)]
    const old = settings({ variant: 'official', creditOf: 'spread', preferenceShare: 1, floor: 0 })
    const { weights } = adoStep(old, { ...standing, prior: uniform, credit: [0.5, 0.2, 0.8], laws }, 1)
    expect(weights[1]).toBeCloseTo(weights[2]!, 12)
    expect(weights[0]! / weights[1]!).toBeCloseTo(0.5 / 0.4, 12)
  })
})
