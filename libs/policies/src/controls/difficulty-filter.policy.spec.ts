import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { difficultyFilter } from './difficulty-filter.policy.js'
import type { PolicyFact } from '../policy.js'
import { signalsStep } from './signals-step.fixture.js'

const start = { domains: ['code', 'law', 'web'].map((name) => ({ name })), weights: [0.25, 0.25, 0.5] }

function ask(given: object, facts: readonly PolicyFact[]) {
  const configured = configure(difficultyFilter, given, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  const { config } = configured
  let state = difficultyFilter.initialState(config, start)
  for (const fact of facts) state = difficultyFilter.evolve(config, state, fact)
  return difficultyFilter.decide(config, state, start.weights)
}

/** Of each domain so many prompts were accepted of so many. */
const halves = (...counts: readonly (readonly [accepted: number, seen: number] | undefined)[]) =>
  signalsStep(1, {
    passBin0: counts.map((pair) => pair && pair[1] - pair[0]),
    passBin1: counts.map((pair) => pair && pair[0]),
    passBin2: counts.map((pair) => pair && 0),
  })
const domains = { unit: 'domain', rolloutsPerPrompt: 2 }

describe('with prompts for domains', () => {
  it('sends the band before there is evidence, and says that there is none', () => {
    expect(ask({ batch: 16, maxRefill: 3 }, [])).toEqual({
      kind: 'steer',
      controls: { acceptBand: { low: 0.2, high: 0.8, open: false, batch: 16, maxRefill: 3 } },
      because: {
        summary: expect.stringContaining('no step has carried `successes` and `rollouts`'),
        parts: {},
      },
    })
  })

  it('watches how many prompts pass, a later report counting more', () => {
    const facts = [
      signalsStep(1, { successes: [8, 8, undefined], rollouts: [16, 16, undefined] }),
      signalsStep(2, { successes: [16, undefined, 0], rollouts: [16, undefined, 16] }),
    ]
    const proposal = ask({ memory: 0.5 }, facts)
    expect(proposal).toMatchObject({ kind: 'steer', because: { summary: expect.stringContaining('33.3 %') } })
  })

  it('holds where no prompt passes any more, and leaves the end of the loop to maxRefill', () => {
    expect(ask({}, [signalsStep(1, { successes: [16, 0, 16], rollouts: [16, 16, 16] })])).toEqual({
      kind: 'hold',
      because: expect.stringMatching(
        /^Of the prompts .* 0\.00 % passed the band \[0\.2, 0\.8\].* after 9 rounds\.$/,
      ),
    })
  })

  it('sends a selection of rollouts beside the band', () => {
    const rolloutSelection = { rule: 'largestVariance', fraction: 0.5 }
    expect(ask({ rolloutSelection }, [])).toMatchObject({ controls: { acceptBand: {}, rolloutSelection } })
  })
})

describe('with groups of prompts for domains', () => {
  const weightsOf = (given: object, fact: PolicyFact) => {
    const proposal = ask({ ...domains, ...given }, [fact])
    return proposal.kind === 'reweigh'
      ? proposal.weights.map((weight) => Number(weight.toFixed(6)))
      : proposal
  }

  it('draws less where prompts are turned away, to reduce waste', () => {
    expect(weightsOf({}, halves([1, 4], [2, 4], [4, 4]))).toEqual([0.090909, 0.181818, 0.727273])
  })

  it('draws more there, to keep the shares among accepted prompts', () => {
    const proposal = ask({ ...domains, weights: 'keepAcceptedShares' }, [halves([1, 4], [2, 4], [4, 4])])
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    const accepted = proposal.weights.map((weight, i) => weight * [0.25, 0.5, 1][i]!)
    const total = accepted.reduce((a, b) => a + b, 0)
    accepted.forEach((share, i) => expect(share / total).toBeCloseTo(start.weights[i]!, 14))
    expect(Object.keys(proposal.because.parts)).toEqual(['target', 'acceptance'])
    expect(proposal.controls).toHaveProperty('acceptBand')
  })

  it('leaves a domain that was never seen its target share', () => {
    expect(weightsOf({}, halves([2, 4], undefined, [2, 4]))).toMatchObject({ kind: 'steer' })
    const target = { code: 1, law: 1, web: 2 }
    expect(weightsOf({ target, memory: 0 }, halves([1, 4], undefined, [3, 4]))).toEqual([
      0.111111, 0.222222, 0.666667,
    ])
  })

  it('holds where a share cannot be kept, and where nothing passes at all', () => {
    expect(weightsOf({ weights: 'keepAcceptedShares' }, halves([0, 4], [2, 4], [2, 4]))).toMatchObject({
      kind: 'hold',
      because: expect.stringMatching(/^code: too few prompts pass/),
    })
    expect(weightsOf({}, halves([0, 4], [0, 4], [0, 4]))).toMatchObject({ kind: 'hold' })
  })
})

it('says what is wrong with a configuration', () => {
  const problems = (given: object) => {
    const configured = configure(difficultyFilter, given, start)
    return configured.ok ? [] : configured.problems
  }
  expect(problems({ low: 0.9 })).toEqual([
    expect.stringContaining('low: expected less than high (0.8), got 0.9'),
  ])
  expect(problems({ target: { code: 1 } })).toEqual([expect.stringContaining('sets no weights')])
  expect(problems({ ...domains, target: { code: 1, wbe: 1 } })).toHaveLength(2)
  expect(problems({ ...domains, target: { code: 0, law: 0, web: 0 } })).toHaveLength(1)
  expect(problems({ rolloutSelection: { rule: 'gfpo', count: 3, fraction: 0.5 } })).toEqual([
    expect.stringContaining('expected count and metric with the rule gfpo, got count and fraction'),
  ])
})
