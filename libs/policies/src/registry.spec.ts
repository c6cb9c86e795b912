import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configure } from './configure.js'
import type { AnyPolicy, PolicyFact, PolicyStart, Proposal, StepFact } from './policy.js'
import { policies } from './registry.js'
import { sum } from './sum.js'
import { toMixture } from './to-mixture.js'

/** Every policy of the registry with settings that reach its branches. A policy without an entry is tested with its defaults. */
const settings: Readonly<Record<string, readonly object[]>> = {
  natural: [{}, { temperature: 3 }],
  odm: [
    'official-smoothed',
    'official-smoothed-single',
    'official-exp3',
    'official-exp3-single',
    'paper',
  ].flatMap((variant) => [
    { variant },
    { variant, warmupSteps: 3, updateEvery: 2, smoothing: 0.5, stepsAreGlobal: false },
  ]),
  doremi: [
    { variant: 'official' },
    ...['hold', 'holdNeutral', 'zero'].map((missingDomain) => ({
      variant: 'paper',
      missingDomain,
      smoothing: 1e-4,
    })),
  ],
  schedule: [
    { phases: [{ policy: 'odm', until: { steps: 4 } }, { policy: 'natural' }] },
    {
      phases: [
        { policy: 'uniform', until: { steps: 3 } },
        { policy: 'odm', config: { variant: 'official-exp3' } },
      ],
    },
  ],
}
const cases = policies.flatMap((policy) =>
  (settings[policy.name] ?? [{}]).map((given): [string, AnyPolicy, object] => [
    `${policy.name} ${JSON.stringify(given)}`,
    policy,
    given,
  ]),
)

type Told = { readonly start: PolicyStart; readonly facts: readonly PolicyFact[] }
type Cell = { present: boolean; tokens: number; loss: number; excess: number }

const tame: fc.Arbitrary<Cell> = fc.record({
  present: fc.boolean(),
  tokens: fc.integer({ min: 0, max: 5000 }),
  loss: fc.double({ min: 0, max: 12, noNaN: true }),
  excess: fc.double({ min: 0, max: 3, noNaN: true }),
})
const wild: fc.Arbitrary<Cell> = fc.record({
  present: fc.boolean(),
  tokens: fc.constantFrom(0, 1, 512, 1e15),
  loss: fc.constantFrom(0, -0, 5e-324, 20, 710, 1e5, 1e300, -1e300),
  excess: fc.constantFrom(0, -0, 5e-324, 1e4, 1e300),
})

function stepFact(step: number, row: readonly Cell[], inForce: readonly number[]): StepFact {
  const use = (value: (cell: Cell) => number) =>
    row.map((cell) =>
      cell.present ? Math.max(-Number.MAX_VALUE, Math.min(value(cell), Number.MAX_VALUE)) : 0,
    )
  return {
    kind: 'step',
    step,
    present: row.map((cell) => cell.present),
    tokens: use((cell) => cell.tokens),
    lossSum: use((cell) => cell.loss * cell.tokens),
    sequences: use(() => 2),
    signals: { clippedExcessSum: use((cell) => cell.excess * cell.tokens) },
    inForce,
  }
}

/** A run of 1 to 6 domains: its start, and steps with mixtures of other hands and evaluations between them. */
const told = (cell: fc.Arbitrary<Cell>): fc.Arbitrary<Told> =>
  fc.integer({ min: 1, max: 6 }).chain((domains) => {
    const mixture = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: domains, maxLength: domains })
      .map((values) => toMixture(values) ?? values.map(() => 1 / domains))
    const row = fc.array(cell, { minLength: domains, maxLength: domains })
    const events = fc.array(
      fc.record({ row, inForce: mixture, taken: fc.option(mixture, { freq: 3 }), evaluated: fc.boolean() }),
      { maxLength: 12 },
    )
    return fc
      .record({
        weights: mixture,
        tokens: fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: domains, maxLength: domains }),
        events,
      })
      .map(({ weights, tokens, events }) => ({
        start: { domains: tokens.map((count, i) => ({ name: `d${i}`, tokens: count })), weights },
        facts: events.flatMap(({ row, inForce, taken, evaluated }, i): PolicyFact[] => [
          stepFact(i + 1, row, inForce),
          ...(evaluated
            ? [{ kind: 'evaluation' as const, step: i + 1, loss: row.map(() => null), scores: {} }]
            : []),
          ...(taken ? [{ kind: 'mixture' as const, step: i + 1, weights: taken }] : []),
        ]),
      }))
  })

function ready(policy: AnyPolicy, given: object, start: PolicyStart): unknown {
  const configured = configure(policy, given, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  return configured.config
}

/** The state after each fact, the first being the initial one. */
function fold(policy: AnyPolicy, config: unknown, { start, facts }: Told): unknown[] {
  const states = [policy.initialState(config, start)]
  for (const fact of facts) states.push(policy.evolve(config, states.at(-1), fact))
  return states
}

/** The mixture the run has after each fact, if nobody but the facts moves it. */
function mixtures({ start, facts }: Told): readonly (readonly number[])[] {
  let current = start.weights
  return [current, ...facts.map((fact) => (current = fact.kind === 'mixture' ? fact.weights : current))]
}

const viaJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}

function expectProposal(proposal: Proposal, current: readonly number[]): void {
  if (proposal.kind === 'hold') {
    expect(proposal.because).toMatch(/^[A-Z].*\.$/)
    return
  }
  const { weights, because } = proposal
  expect(weights).toHaveLength(current.length)
  expect(weights.every((weight) => Number.isFinite(weight) && weight >= 0)).toBe(true)
  expect(Math.abs(sum(weights) - 1)).toBeLessThanOrEqual(1e-12)
  expect(because.summary).toMatch(/^[A-Z].*\.$/)
  const parts = Object.values(because.parts)
  weights.forEach((weight, i) => {
    const total = parts.reduce((all, part) => all + part[i]!, 0)
    expect(Math.abs(total - (weight - current[i]!))).toBeLessThanOrEqual(1e-9)
  })
  expect(viaJson(proposal)).toEqual(proposal)
}

const permuted = <T>(order: readonly number[], values: readonly T[]) => order.map((i) => values[i]!)
function permuteFact(order: readonly number[], fact: PolicyFact): PolicyFact {
  if (fact.kind === 'evaluation') return { ...fact, loss: permuted(order, fact.loss) }
  if (fact.kind === 'mixture') return { ...fact, weights: permuted(order, fact.weights) }
  return {
    ...fact,
    present: permuted(order, fact.present),
    tokens: permuted(order, fact.tokens),
    lossSum: permuted(order, fact.lossSum),
    sequences: permuted(order, fact.sequences!),
    signals: Object.fromEntries(
      Object.entries(fact.signals).map(([name, values]) => [name, permuted(order, values)]),
    ),
    inForce: permuted(order, fact.inForce),
  }
}

describe.each(cases)('%s', (_name, policy, given) => {
  it.each([
    ['ordinary', tame],
    ['extreme', wild],
  ])('proposes a mixture whose parts add up, or holds with a sentence, under %s reports', (_kind, cell) => {
    fc.assert(
      fc.property(told(cell), (run) => {
        const config = ready(policy, given, run.start)
        const current = mixtures(run)
        fold(policy, config, run).forEach((state, i) =>
          expectProposal(policy.decide(config, state, current[i]!), current[i]!),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('keeps a state that survives JSON, so that a fold goes on from any snapshot', () => {
    fc.assert(
      fc.property(told(fc.oneof(tame, wild)), fc.nat(), (run, cut) => {
        const config = ready(policy, given, run.start)
        const states = fold(policy, config, run)
        for (const state of states) expect(viaJson(state)).toStrictEqual(state)
        const at = cut % states.length
        let resumed = viaJson(states[at])
        for (const fact of run.facts.slice(at))
          resumed = viaJson(policy.evolve(viaJson(config), resumed, viaJson(fact)))
        expect(resumed).toStrictEqual(states.at(-1))
      }),
      { numRuns: 60 },
    )
  })

  it('changes none of its inputs and gives the same answer twice', () => {
    fc.assert(
      fc.property(told(fc.oneof(tame, wild)), (run) => {
        deepFreeze(run)
        const config = deepFreeze(ready(policy, given, run.start))
        let state = deepFreeze(policy.initialState(config, run.start))
        for (const fact of run.facts) {
          const next = deepFreeze(policy.evolve(config, state, fact))
          expect(policy.evolve(config, state, fact)).toStrictEqual(next)
          expect(policy.decide(config, next, run.start.weights)).toStrictEqual(
            policy.decide(config, next, run.start.weights),
          )
          state = next
        }
      }),
      { numRuns: 40 },
    )
  })

  it('does not care in which order domains are listed', () => {
    const shuffled = told(tame).chain((run) => {
      const indices = run.start.weights.map((_, i) => i)
      return fc.tuple(fc.constant(run), fc.shuffledSubarray(indices, { minLength: indices.length }))
    })
    fc.assert(
      fc.property(shuffled, ([run, order]) => {
        const config = ready(policy, given, run.start)
        const other = {
          start: { domains: permuted(order, run.start.domains), weights: permuted(order, run.start.weights) },
          facts: run.facts.map((fact) => permuteFact(order, fact)),
        }
        const wish = (facts: Told) => {
          const { weights } = facts.start
          const proposal = policy.decide(config, fold(policy, config, facts).at(-1), weights)
          return proposal.kind === 'hold' ? weights : proposal.weights
        }
        const expected = permuted(order, wish(run))
        wish(other).forEach((weight, i) => expect(Math.abs(weight - expected[i]!)).toBeLessThanOrEqual(1e-10))
      }),
      { numRuns: 60 },
    )
  })

  it('holds for one domain and is sound for 4,096, seen or not', () => {
    for (const domains of [1, 4096]) {
      const weights = Array.from({ length: domains }, () => 1 / domains)
      const start = { domains: weights.map((_, i) => ({ name: `d${i}`, tokens: i + 1 })), weights }
      const config = ready(policy, given, start)
      for (const present of [true, false]) {
        const facts = Array.from({ length: 8 }, (_, step) =>
          stepFact(
            step + 1,
            weights.map((_, i) => ({
              present,
              tokens: 512,
              loss: 1 + ((i * 7 + step) % 23) / 5,
              excess: (i % 5) / 10,
            })),
            weights,
          ),
        )
        for (const state of fold(policy, config, { start, facts })) {
          const proposal = policy.decide(config, state, weights)
          expectProposal(proposal, weights)
          if (domains === 1) expect(proposal.kind).toBe('hold')
        }
      }
    }
  })
})

describe('exponentiated rules', () => {
  it.each(
    cases
      .filter(([, policy, given]) => policy.name === 'doremi' || /exp3|paper/.test(JSON.stringify(given)))
      .filter(([, policy]) => policy.name !== 'schedule'),
  )('%s does not notice a common shift of all scores', (_name, policy, given) => {
    const scores = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 20, noNaN: true }), (losses, shift) => {
        const weights = losses.map(() => 1 / losses.length)
        const start = { domains: losses.map((_, i) => ({ name: `d${i}` })), weights }
        const config = ready(policy, given, start)
        const after = (added: number) => {
          const row = losses.map((loss) => ({
            present: true,
            tokens: 100,
            loss: loss + added,
            excess: loss + added,
          }))
          const state = policy.evolve(config, policy.initialState(config, start), stepFact(30, row, weights))
          const proposal = policy.decide(config, state, weights)
          return proposal.kind === 'hold' ? weights : proposal.weights
        }
        const expected = after(0)
        after(shift).forEach((weight, i) =>
          expect(Math.abs(weight - expected[i]!)).toBeLessThanOrEqual(1e-10),
        )
      }),
    )
  })
})
