import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { filtered as filteredOf } from './filtered.policy.js'
import type { AnyPolicy, PolicyFact, PolicyStart, StepFact } from '../policy.js'
import { findPolicy } from '../registry.js'
import { stepWith } from '../step-fact.fixture.js'

const start: PolicyStart = { domains: [{ name: 'code' }, { name: 'web' }], weights: [0.6, 0.4] }

/** A policy that only remembers what it is told. */
const listening: AnyPolicy = {
  ...findPolicy('uniform')!,
  name: 'listening',
  signals: () => ['rollouts'],
  initialState: () => [],
  evolve: (_config: unknown, state: unknown[], fact) => [...state, fact],
}
const policy = filteredOf((name) => (name === 'listening' ? listening : findPolicy(name)))

/** What the policy inside sees of these facts. */
function seen(given: object, ...facts: PolicyFact[]): readonly PolicyFact[] {
  const configured = configure(policy, { policy: 'listening', ...given }, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  let state = policy.initialState(configured.config, start)
  for (const fact of facts) state = policy.evolve(configured.config, state, fact)
  return state.inner as unknown as readonly PolicyFact[]
}
const steps = (...losses: (readonly (number | null)[])[]) =>
  losses.map((row, i) => stepWith(i + 1, row, [0.6, 0.4], 100))
const means = (facts: readonly PolicyFact[]) =>
  facts.map((fact) => (fact as StepFact).lossSum.map((sum) => sum / 100))
const evaluated = (...loss: (number | null)[]): PolicyFact => ({
  kind: 'evaluation',
  step: 1,
  loss,
  scores: { mmlu: 0.3 },
})

describe('losses', () => {
  it('as they are pass unchanged', () => {
    const facts = [...steps([2, 1], [3, null]), evaluated(2, null)]
    expect(seen({}, ...facts)).toEqual(facts)
  })

  it('are clipped', () => {
    expect(means(seen({ lowest: 1, highest: 4 }, ...steps([0, 9], [2, 1])))).toEqual([
      [1, 4],
      [2, 1],
    ])
  })

  it('are smoothed, beginning with the first value; an absent domain keeps its average', () => {
    expect(means(seen({ smoothing: 0.5 }, ...steps([4, 2], [2, null], [2, 4])))).toEqual([
      [4, 2],
      [3, 0],
      [2.5, 3],
    ])
  })

  it('are held against given losses', () => {
    const given = { reference: 'given', referenceLosses: { web: 2, code: 4 } }
    expect(means(seen(given, ...steps([5, 5])))).toEqual([[1, 3]])
    expect(means(seen({ ...given, relation: 'ratio' }, ...steps([5, 5])))).toEqual([[1.25, 2.5]])
  })

  it('are held against the mean of the first ones of their domain, of those so far while it is made', () => {
    const given = { reference: 'firstWindow', window: 2, relation: 'ratio' }
    expect(means(seen(given, ...steps([4, 3], [12, null], [8, 9], [24, 6])))).toEqual([
      [1, 1],
      [1.5, 0],
      [1, 1.5],
      [3, 1],
    ])
  })

  it('are held against the reference model of the same step', () => {
    const [step] = steps([5, 4])
    const fact = { ...step!, signals: { ...step!.signals, refLossSum: [300, 400] } }
    const [told] = seen({ reference: 'signal', losses: 'training' }, fact)
    expect(told).toEqual({ ...fact, lossSum: [200, 0] })
  })

  it('are clipped first, then held against the reference, then smoothed', () => {
    const given = { highest: 6, reference: 'given', referenceLosses: { web: 1, code: 2 }, smoothing: 0.5 }
    expect(means(seen(given, ...steps([10, 3], [4, 5])))).toEqual([
      [4, 2],
      [3, 3],
    ])
  })

  it('leave everything else as it was: tokens, sequences, signals, mixtures', () => {
    const [fact] = steps([5, 4])
    const mixture: PolicyFact = { kind: 'mixture', step: 1, weights: [0.5, 0.5] }
    expect(seen({ highest: 1 }, fact!, mixture)).toEqual([{ ...fact!, lossSum: [100, 100] }, mixture])
  })

  it('without a usable reference make their domain absent, tokens and all', () => {
    const [step] = steps([5, 4])
    const fact = { ...step!, signals: { ...step!.signals, refLossSum: [0, 400] } }
    const [told] = seen({ reference: 'signal', losses: 'training', relation: 'ratio' }, fact)
    expect(told).toMatchObject({
      present: [false, true],
      tokens: [0, 100],
      lossSum: [0, 100],
      sequences: [0, 4],
      signals: { clippedExcessSum: [0, 400], refLossSum: [0, 400] },
    })
    const [none] = seen({ reference: 'signal', losses: 'training' }, step!)
    expect(none).toMatchObject({ present: [false, false], tokens: [0, 0] })
  })

  it('that leave the numbers make their domain absent, and spoil no average', () => {
    const wild = { ...stepWith(1, [1, 1], [0.6, 0.4], 1e15), lossSum: [1e300, 1e15] }
    const facts = seen(
      { smoothing: 0.5, reference: 'given', relation: 'ratio', referenceLosses: { code: 5e-324, web: 1 } },
      wild,
      ...steps([0, 3]),
    )
    expect(facts[0]).toMatchObject({ present: [false, true], lossSum: [0, 1e15] })
    expect(means(facts)[1]).toEqual([0, 2])
  })

  it('of a domain without tokens stay as they are', () => {
    const fact = { ...stepWith(1, [1, 1], [0.6, 0.4]), tokens: [0, 1024] }
    expect(seen({ highest: 0.5 }, fact)).toEqual([{ ...fact, lossSum: [1024, 512] }])
  })
})

describe('held-out losses', () => {
  it('have averages and windows of their own; what was not evaluated stays so, and scores stay', () => {
    const [first, second] = steps([8, 8], [8, 8])
    const facts = seen({ smoothing: 0.5 }, evaluated(2, null), first!, evaluated(4, 3), second!)
    expect(facts).toMatchObject([
      { loss: [2, null], scores: { mmlu: 0.3 } },
      { lossSum: [800, 800] },
      { loss: [3, 3] },
      { lossSum: [800, 800] },
    ])
  })
  it.each([
    ['training', [1, 1], [2, 3]],
    ['heldOut', [2, 3], [1, 1]],
    ['both', [1, 1], [1, 1]],
  ])('are filtered or not: %s', (losses, training, heldOut) => {
    const [step, evaluation] = seen({ losses, highest: 1 }, ...steps([2, 3]), evaluated(2, 3))
    expect(means([step!])).toEqual([training])
    expect(evaluation).toMatchObject({ loss: heldOut })
  })
})

describe('the policy inside', () => {
  it('decides, and the decision says through which glass', () => {
    const given = {
      policy: 'odm',
      lowest: 0,
      highest: 9,
      smoothing: 0.9,
      reference: 'firstWindow',
      relation: 'ratio',
    }
    const configured = configure(policy, given, start)
    if (!configured.ok) throw new Error(configured.problems.join(' '))
    const { config } = configured
    let state = policy.initialState(config, start)
    expect(policy.decide(config, state, start.weights)).toMatchObject({
      kind: 'hold',
      because: expect.stringMatching(/^No update yet/) as string,
    })
    state = policy.evolve(config, state, stepWith(1, [2, 1], start.weights))
    expect(policy.decide(config, state, start.weights)).toMatchObject({
      kind: 'reweigh',
      because: {
        summary: expect.stringMatching(
          /^On losses clipped from 0 up to 9, divided by the first ones of each domain, smoothed by 0\.9: ODM/,
        ) as string,
      },
    })
  })
  it('needs its own signals, and the reference where losses are held against it', () => {
    const config = { ...policy.defaults, policy: 'listening' }
    expect(policy.signals(config)).toEqual(['rollouts'])
    expect(policy.signals({ ...config, reference: 'signal' })).toEqual(['rollouts', 'refLossSum'])
    expect(policy.evaluations?.(config)).toEqual({})
  })
})

describe('a filter is refused, with the path of the fault,', () => {
  it.each([
    [{ policy: 'odn' }, 'policy: expected a known policy, got "odn"'],
    [{ lowest: 2, highest: 1 }, 'lowest: expected at most highest (1), got 2'],
    [{ reference: 'signal' }, 'losses: expected "training" with the reference "signal"'],
    [{ reference: 'given', referenceLosses: { code: 1 } }, 'got none for web'],
    [{ referenceLosses: { code: 1, web: 1 } }, 'referenceLosses: expected none with the reference "none"'],
    [
      { reference: 'given', relation: 'ratio', referenceLosses: { code: 0, web: 1 } },
      'referenceLosses: expected numbers above 0 for a ratio, got 0 for code',
    ],
    [{ smoothing: 1 }, 'smoothing: expected a number at least 0 and below 1, got 1'],
  ])('%j', (given, sentence) => {
    expect(configure(policy, given, start)).toEqual({
      ok: false,
      problems: [expect.stringContaining(sentence)],
    })
  })
})
