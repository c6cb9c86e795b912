import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { cures } from './cures.policy.js'
import type { PolicyFact } from '../policy.js'
import { signalsStep } from './signals-step.fixture.js'

const start = {
  domains: ['a', 'b', 'c', 'd'].map((name) => ({ name })),
  weights: [0.25, 0.25, 0.25, 0.25],
}

function ask(given: object, facts: readonly PolicyFact[]) {
  const configured = configure(cures, given, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  const { config } = configured
  let state = cures.initialState(config, start)
  for (const fact of facts) state = cures.evolve(config, state, fact)
  return cures.decide(config, state, start.weights)
}
const weightsOf = (...asked: Parameters<typeof ask>) => {
  const proposal = ask(...asked)
  return proposal.kind === 'reweigh'
    ? proposal.weights.map((weight) => Number(weight.toFixed(6)))
    : proposal.kind
}
const report = (successes: readonly (number | undefined)[], rollouts: number, step = 1) =>
  signalsStep(step, {
    successes,
    rollouts: successes.map((count) => (count === undefined ? count : rollouts)),
  })

/** Pass rates of 0.1, 0.5, 0.9 and, but for a millionth, 0. */
const almostNoPrior = { priorSuccesses: 1e-6, priorFailures: 1e-6, rollouts: 'none' }
const known = report([1e11, 5e11, 9e11, 0], 1e12)

describe('with prompts for domains', () => {
  it('holds until a step has carried pass counts', () => {
    expect(ask({}, [])).toEqual({
      kind: 'hold',
      because: 'No update yet: no step has carried `successes` and `rollouts`.',
    })
  })

  it('gives the weights of the specification for pass rates .1, .5, .9 and 0', () => {
    expect(weightsOf(almostNoPrior, [known])).toEqual([0.252384, 0.308262, 0.252384, 0.18697])
    expect(weightsOf({ ...almostNoPrior, temperature: 0.1 }, [known])).toEqual([
      0.105945, 0.782835, 0.105945, 0.005275,
    ])
  })

  it('leaves the weights almost uniform by the published temperatures', () => {
    const proposal = ask({ variant: 'official', rollouts: 'none' }, [report([0, 2, 3, 4], 4)])
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    for (const weight of proposal.weights) expect(Math.abs(weight / 0.25 - 1)).toBeLessThan(0.005)
    // exp(√(p(1 − p)) · 0.01 / (s + 1)) with p = 1/6 after 0 of 4, and 1/2 after 2 of 4.
    const [first, second] = proposal.weights
    expect(first! / second!).toBeCloseTo(Math.exp(0.01 * Math.sqrt(5 / 36) - (0.01 * 0.5) / 3), 12)
  })

  it('takes a prompt never seen for one that passes half of the time', () => {
    const proposal = ask({ rollouts: 'none' }, [report([4, 0, undefined, 2], 4)])
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    expect(proposal.weights[2]).toBe(proposal.weights[3])
    expect(Object.keys(proposal.because.parts)).toEqual(['uniform', 'passRates'])
  })

  it('starts the counts over with every iteration', () => {
    const first = report([4, 0, 4, 0], 4, 9)
    const second = report([2, undefined, undefined, undefined], 4, 10)
    expect(ask({ resetEvery: 10 }, [first, second])).toEqual(ask({}, [second]))
    expect(ask({}, [first, second])).not.toEqual(ask({}, [second]))
  })

  it('shares rollouts out by √(p(1 − p)) so that they sum to the budget, or rounds each half to even', () => {
    const rolloutsOf = (given: object) => {
      const proposal = ask({ ...almostNoPrior, rollouts: 'passRates', totalBudget: 32, ...given }, [known])
      return proposal.kind === 'hold' ? proposal.because : proposal.controls?.['rolloutCounts']
    }
    expect(rolloutsOf({})).toEqual([9, 14, 9, 0])
    expect(rolloutsOf({ leastRollouts: 1 })).toEqual([9, 14, 8, 1])
    expect(rolloutsOf({ variant: 'official' })).toEqual([9, 15, 9, 0])
    expect(rolloutsOf({ variant: 'official', devices: 8 })).toEqual([11, 17, 11, 1])
  })

  const norms = (successes: readonly number[]) =>
    signalsStep(1, {
      successes,
      rollouts: successes.map(() => 4),
      gradientNormRightSum: successes.map((count) => 2 * count),
      gradientNormRightSquareSum: successes.map((count) => 4 * count),
      gradientNormWrongSum: successes.map((count) => 2 * (4 - count)),
      gradientNormWrongSquareSum: successes.map((count) => 4 * (4 - count)),
    })

  it('gives no rollouts to prompts that are not mixed, by gradients', () => {
    const proposal = ask({ variant: 'official', rollouts: 'gradients', totalBudget: 40 }, [
      norms([0, 2, 2, 4]),
    ])
    expect(proposal).toMatchObject({ controls: { rolloutCounts: [0, 20, 20, 0] } })
  })

  it('says so where no prompt is mixed, and sends no counts', () => {
    const proposal = ask({ variant: 'official', rollouts: 'gradients' }, [norms([0, 4, 4, 0])])
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    expect(proposal.controls).toBeUndefined()
    expect(proposal.because.summary).toContain('No prompt is mixed')
  })
})

describe('with groups of prompts for domains', () => {
  const bins = (...rows: readonly (readonly number[])[]) =>
    signalsStep(
      1,
      Object.fromEntries([0, 1, 2].map((bin) => [`passBin${bin}`, rows.map((row) => row[bin]!)])),
    )
  const given = { unit: 'domain', preRollouts: 2, priorSuccesses: 1e-6, priorFailures: 1e-6 }

  it('scores a domain by the mean over its prompts, of which those at 0 and 1 say nothing', () => {
    const proposal = ask(given, [bins([4, 0, 4], [0, 8, 0], [2, 4, 2], [0, 0, 0])])
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    const [never, always, half, unseen] = proposal.weights as [number, number, number, number]
    expect(always / never).toBeCloseTo(Math.exp(0.5), 2)
    expect(half / never).toBeCloseTo(Math.exp(0.25), 2)
    expect(unseen).toBeCloseTo(always, 6)
    expect(proposal.controls).toEqual({ rolloutCounts: [0, 16, 8, 16] })
  })

  it('knows neither the official temperatures nor gradients nor a budget of its own', () => {
    const configured = configure(
      cures,
      { unit: 'domain', variant: 'official', rollouts: 'gradients', totalBudget: 9 },
      start,
    )
    expect(configured.ok ? [] : configured.problems).toHaveLength(3)
  })
})
