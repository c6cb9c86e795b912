import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { lossReweighting } from './loss-reweighting.policy.js'
import type { PolicyFact } from '../policy.js'
import { stepWith } from '../step-fact.fixture.js'

const start = { domains: ['code', 'law', 'web'].map((name) => ({ name })), weights: [0.2, 0.3, 0.5] }

function ask(given: object, facts: readonly PolicyFact[]) {
  const configured = configure(lossReweighting, given, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  const { config } = configured
  let state = lossReweighting.initialState(config, start)
  for (const fact of facts) state = lossReweighting.evolve(config, state, fact)
  return lossReweighting.decide(config, state, start.weights)
}
const step = (number: number, losses: readonly (number | null)[]) => stepWith(number, losses, start.weights)

describe('with sequences', () => {
  it('sends the whole schedule at the start, whatever is reported', () => {
    const expected = {
      kind: 'steer',
      controls: {
        lossReweighting: {
          strategy: 'linUpper',
          temperature: 0.4,
          warmUpSteps: 2000,
          warmUpTemperature: 100,
          delta: 1,
          rangeGuard: 1e-6,
        },
      },
      because: {
        summary:
          'The trainer weighs the sequences of a batch by linUpper at temperature 0.4, and for the first 2000 steps at temperature 100.',
        parts: {},
      },
    }
    expect(ask({}, [])).toEqual(expected)
    expect(ask({}, [step(1, [1, 2, 3])])).toEqual(expected)
  })

  it('carries the switches of both published codes', () => {
    expect(ask({ warmUpTemperature: null, temperature: null }, [])).toMatchObject({
      controls: { lossReweighting: { warmUpTemperature: null, temperature: null } },
    })
  })
})

describe('with domains', () => {
  const domains = { unit: 'domain', warmUpSteps: 0, temperature: 1, baseline: 'none' }
  const weightsOf = (given: object, facts: readonly PolicyFact[]) => {
    const proposal = ask({ ...domains, ...given }, facts)
    return proposal.kind === 'reweigh' ? proposal.weights : proposal.kind
  }

  it('multiplies the prior by exp(f / r) of the losses', () => {
    const powers = [0.2 * Math.exp(0), 0.3 * Math.exp(1), 0.5 * Math.exp(1)]
    const total = powers.reduce((a, b) => a + b, 0)
    const weights = weightsOf({}, [step(1, [1, 2, 3])]) as readonly number[]
    weights.forEach((weight, i) => expect(weight).toBeCloseTo(powers[i]! / total, 14))
    const prior = { code: 2, law: 2, web: 4 }
    expect(weightsOf({ prior }, [step(1, [2, 2, 2])])).toEqual([0.25, 0.25, 0.5])
  })

  it('measures losses from the mean of the first window, so that entropy does not count', () => {
    const given = { baseline: 'firstWindow', firstWindow: 2, smoothing: 0 }
    expect(ask({ ...domains, ...given }, [step(1, [1, 2, 3])])).toMatchObject({
      kind: 'hold',
      because: 'No update yet: no domain has reported a loss in 2 steps.',
    })
    const learning = [step(1, [1, 5, 3]), step(2, [1, 7, 3]), step(3, [0.5, 5.5, 2.5])]
    expect(weightsOf(given, learning)).toBe('hold')
    const reference = { code: 0.5, law: 5.5, web: 2.5 }
    expect(weightsOf({ baseline: 'reference', reference }, learning.slice(2))).toBe('hold')
  })

  it('leaves a domain that has no loss yet its prior share', () => {
    const weights = weightsOf({}, [step(1, [1, null, 3])]) as readonly number[]
    expect(weights[1]).toBeCloseTo(0.3, 15)
    expect(weights[2]! / weights[0]!).toBeCloseTo(2.5 * Math.E, 12)
  })

  it('has the temperature of the step that comes next', () => {
    const warm = { warmUpSteps: 3, warmUpTemperature: null }
    const run = [step(0, [1, 2, 3]), step(1, [1, 2, 3])]
    expect(weightsOf(warm, run)).toBe('hold')
    expect(weightsOf(warm, [...run, step(2, [1, 2, 3])])).not.toBe('hold')
  })

  it('says what is wrong with a configuration', () => {
    const configured = configure(
      lossReweighting,
      { ...domains, baseline: 'reference', reference: { code: 1 }, prior: { code: 0, law: 0, web: 0 } },
      start,
    )
    expect(configured).toEqual({
      ok: false,
      problems: [
        expect.stringContaining('reference: expected a number for every domain'),
        expect.stringContaining('prior: expected a share above 0'),
      ],
    })
  })
})
