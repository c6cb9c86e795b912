import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configure } from './configure.js'
import { deepFreeze } from './deep-freeze.js'
import type { AnyPolicy, PolicyFact, PolicyStart, Proposal, StepFact } from './policy.js'
import { policies } from './registry.js'
import { sum } from './numerics/sum.js'
import { toMixture } from './numerics/to-mixture.js'
import { adviser, orderMatters, settings, tasks, type Given } from './registry.fixture.js'

/** REGISTRY_EFFORT=10 tries ten times as much; PROPERTY_SEED=random other cases. */
const times = Number(process.env['REGISTRY_EFFORT'] ?? 1)

/**
 * How far a property is tried: the settings of a policy share its random runs, or the whole file would take minutes.
 * The limit is for shrinking, which may take that long for a policy that computes much: what it has found by then will do.
 */
const effort = (policy: AnyPolicy) => ({
  numRuns: times * Math.max(15, Math.ceil(80 / (settings[policy.name]?.length ?? 1))),
  plugins: [fc.interruptAfterTimeLimit(times * 10_000)],
})

const cases = policies.flatMap((policy) =>
  (settings[policy.name] ?? [{}]).map((given): [string, AnyPolicy, Given] => [
    `${policy.name} ${JSON.stringify(typeof given === 'function' ? given(3) : given)}`,
    policy,
    given,
  ]),
)

type Told = { readonly start: PolicyStart; readonly facts: readonly PolicyFact[] }
type Cell = {
  present: boolean
  tokens: number
  loss: number
  excess: number
  sum: number
  held: number | null
}

const tame: fc.Arbitrary<Cell> = fc.record({
  present: fc.boolean(),
  tokens: fc.integer({ min: 0, max: 5000 }),
  loss: fc.double({ min: 0, max: 12, noNaN: true }),
  excess: fc.double({ min: 0, max: 3, noNaN: true }),
  sum: fc.oneof(fc.nat(40), fc.double({ min: -50, max: 50, noNaN: true })),
  held: fc.option(fc.double({ min: 0, max: 12, noNaN: true }), { nil: null }),
})
const wild: fc.Arbitrary<Cell> = fc.record({
  present: fc.boolean(),
  tokens: fc.constantFrom(0, 1, 512, 1e15),
  loss: fc.constantFrom(0, -0, 5e-324, 20, 710, 1e5, 1e300, -1e300),
  excess: fc.constantFrom(0, -0, 5e-324, 1e4, 1e300),
  sum: fc.constantFrom(0, -0, 1, 5e-324, -1e300, 1e15, 1e300),
  held: fc.constantFrom(null, 0, -0, 5e-324, 20, 710, 1e300, -1e300),
})

/** Sums over a batch that a policy may ask for beyond `clippedExcessSum`; each gets a number of its own. */
function signalsOf(names: readonly string[], use: (value: (cell: Cell) => number) => number[]) {
  return Object.fromEntries([
    ...names.map((name, n) => [name, use((cell) => (n % 2 === 0 ? cell.sum : Math.abs(cell.sum) + n))]),
    ['clippedExcessSum', use((cell) => cell.excess * cell.tokens)],
  ]) as StepFact['signals']
}

function stepFact(
  step: number,
  row: readonly Cell[],
  inForce: readonly number[],
  signals: readonly string[] = [],
  isCounted = true,
): StepFact {
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
    ...(isCounted ? { sequences: use(() => 2) } : {}),
    signals: signalsOf(signals, use),
    inForce,
  }
}

/** A run of 1 to 6 domains: its start, and steps with mixtures of other hands and evaluations between them. */
const told = (cell: fc.Arbitrary<Cell>, signals: readonly string[]): fc.Arbitrary<Told> =>
  fc.integer({ min: 1, max: 6 }).chain((domains) => {
    const mixture = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: domains, maxLength: domains })
      .map((values) => toMixture(values) ?? values.map(() => 1 / domains))
    const row = fc.array(cell, { minLength: domains, maxLength: domains })
    const events = fc.array(
      fc.record({
        row,
        inForce: mixture,
        taken: fc.option(mixture, { freq: 3 }),
        evaluated: fc.boolean(),
        scored: fc.boolean(),
        counted: fc.boolean(),
        // A step carries a signal only where every rank sent it.
        silent: fc.option(fc.constant(true), { freq: 6 }),
        advised: fc.option(row, { freq: 5 }),
      }),
      { maxLength: 12 },
    )
    return fc
      .record({
        weights: mixture,
        tokens: fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: domains, maxLength: domains }),
        horizon: fc.constantFrom({ steps: 9 }, { tokens: 50_000 }, { steps: 9, tokens: 50_000 }),
        events,
      })
      .map(({ weights, tokens, horizon, events }) => ({
        start: { domains: tokens.map((count, i) => ({ name: `d${i}`, tokens: count })), weights, horizon },
        facts: events.flatMap(({ row, inForce, taken, silent, counted, ...said }, i): PolicyFact[] => [
          { ...stepFact(i + 1, row, inForce, signals, counted), ...(silent ? { signals: {} } : {}) },
          ...(said.evaluated
            ? [
                {
                  kind: 'evaluation' as const,
                  step: i + 1,
                  loss: row.map((cell) => cell.held),
                  scores: said.scored
                    ? Object.fromEntries(tasks.map((task, t) => [task, (row[t] ?? row[0]!).loss]))
                    : {},
                },
              ]
            : []),
          ...(said.advised
            ? [
                {
                  kind: 'advice' as const,
                  step: i + 1,
                  source: adviser,
                  values: said.advised.map((cell) => cell.loss),
                },
              ]
            : []),
          ...(taken ? [{ kind: 'mixture' as const, step: i + 1, weights: taken }] : []),
        ]),
      }))
  })

function ready(policy: AnyPolicy, given: Given, start: PolicyStart): unknown {
  const config = typeof given === 'function' ? given(start.domains.length) : given
  const configured = configure(policy, config, start)
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

const startOf = (domains: number): PolicyStart => ({
  domains: Array.from({ length: domains }, (_, i) => ({ name: `d${i}`, tokens: i + 1 })),
  weights: new Array<number>(domains).fill(1 / domains),
  horizon: { steps: 100, tokens: 1e6 },
})

/** Steps, evaluations, advice and a mixture of another hand, with the same kind of report in all of them. */
function plainFacts(
  domains: number,
  reported: 'numbers' | 'zeros' | 'nothing',
  signals: readonly string[],
): readonly PolicyFact[] {
  const each = <T>(value: (i: number) => T) => Array.from({ length: domains }, (_, i) => value(i))
  const some = (value: number) => (reported === 'numbers' ? value : 0)
  const even = each(() => 1 / domains)
  return [1, 2, 3, 4, 5, 6].flatMap((step): PolicyFact[] => {
    const row = each((i) => ({
      present: reported !== 'nothing',
      tokens: 512,
      loss: some(1 + ((i * 7 + step) % 23) / 5),
      excess: some((i % 5) / 10),
      sum: some((i + step) % 7),
      held: reported === 'nothing' ? null : some(3 - ((i * 5 + step * step) % 19) / 10),
    }))
    const scores =
      reported === 'nothing' ? {} : Object.fromEntries(tasks.map((task) => [task, some(step / 10)]))
    const measured: PolicyFact = { kind: 'evaluation', step, loss: row.map((cell) => cell.held), scores }
    const answer: PolicyFact = { kind: 'advice', step, source: adviser, values: row.map((cell) => cell.loss) }
    return [
      stepFact(step, row, even, signals),
      ...(step % 2 === 0 ? [measured] : []),
      ...(step === 3 && reported !== 'nothing' ? [answer] : []),
      ...(step === 4 ? [{ kind: 'mixture' as const, step, weights: even }] : []),
    ]
  })
}

const viaJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

function expectProposal(proposal: Proposal, current: readonly number[]): void {
  if (proposal.kind === 'hold') {
    expect(proposal.because).toMatch(/^[A-Z].*\.$/)
    return
  }
  if (proposal.kind === 'steer') {
    expect(proposal.because.summary).toMatch(/^[A-Z].*\.$/)
    expect(viaJson(proposal)).toEqual(proposal)
    return
  }
  const { weights, because } = proposal
  expect(weights).toHaveLength(current.length)
  expect(weights.every((weight) => Number.isFinite(weight) && weight >= 0)).toBe(true)
  expect(Math.abs(sum(weights) - 1)).toBeLessThanOrEqual(1e-12)
  expect(because.summary).toMatch(/^[A-Z].*\.$/)
  const parts = Object.values(because.parts)
  const explained = weights.map((_, i) => parts.reduce((all, part) => all + part[i]!, 0))
  expectNear(
    explained,
    weights.map((weight, i) => weight - current[i]!),
    1e-9,
  )
  expect(viaJson(proposal)).toEqual(proposal)
}

/** One expectation for all numbers: thousands of them would take longer than what they test. */
function expectNear(got: readonly number[], expected: readonly number[], within: number): void {
  const errors = expected.map((number, i) => Math.abs(got[i]! - number))
  // Written so that a NaN is found too.
  const domain = errors.findIndex((error) => !(error <= within))
  expect({ domain, off: errors[domain] }).toEqual({ domain: -1, off: undefined })
}

const permuted = <T>(order: readonly number[], values: readonly T[]) => order.map((i) => values[i]!)
function permuteFact(order: readonly number[], fact: PolicyFact): PolicyFact {
  if (fact.kind === 'evaluation') return { ...fact, loss: permuted(order, fact.loss) }
  if (fact.kind === 'mixture') return { ...fact, weights: permuted(order, fact.weights) }
  if (fact.kind === 'advice') return { ...fact, values: permuted(order, fact.values) }
  return {
    ...fact,
    present: permuted(order, fact.present),
    tokens: permuted(order, fact.tokens),
    lossSum: permuted(order, fact.lossSum),
    ...(fact.sequences === undefined ? {} : { sequences: permuted(order, fact.sequences) }),
    signals: Object.fromEntries(
      Object.entries(fact.signals).map(([name, values]) => [name, permuted(order, values)]),
    ),
    inForce: permuted(order, fact.inForce),
  }
}

/** How often ordinary reports brought each policy to a decision; a policy that always holds would keep every promise. */
const decided = new Map<string, number>()

describe.each(cases)('%s', (_name, policy, given) => {
  // Asked in the tests: a policy that cannot be configured fails its own and nobody else's.
  const signals = () => policy.signals(ready(policy, given, startOf(3)))
  it.each([
    ['ordinary', tame],
    ['extreme', wild],
  ])('proposes a mixture whose parts add up, or holds with a sentence, under %s reports', (kind, cell) => {
    let decisions = 0
    fc.assert(
      fc.property(told(cell, signals()), (run) => {
        const config = ready(policy, given, run.start)
        const current = mixtures(run)
        fold(policy, config, run).forEach((state, i) => {
          const proposal = policy.decide(config, state, current[i]!)
          expectProposal(proposal, current[i]!)
          if (proposal.kind !== 'hold') decisions++
        })
      }),
      effort(policy),
    )
    if (kind === 'ordinary') decided.set(policy.name, (decided.get(policy.name) ?? 0) + decisions)
  })

  it('keeps a state that survives JSON, so that a fold goes on from any snapshot', () => {
    fc.assert(
      fc.property(told(fc.oneof(tame, wild), signals()), fc.nat(), (run, cut) => {
        const config = ready(policy, given, run.start)
        const states = fold(policy, config, run)
        for (const state of states) expect(viaJson(state)).toStrictEqual(state)
        const at = cut % states.length
        let resumed = viaJson(states[at])
        for (const fact of run.facts.slice(at))
          resumed = viaJson(policy.evolve(viaJson(config), resumed, viaJson(fact)))
        expect(resumed).toStrictEqual(states.at(-1))
      }),
      effort(policy),
    )
  })

  it('changes none of its inputs and gives the same answer twice', () => {
    fc.assert(
      fc.property(told(fc.oneof(tame, wild), signals()), (run) => {
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
      effort(policy),
    )
  })

  it.skipIf(policy.name in orderMatters)('does not care in which order domains are listed', () => {
    const shuffled = told(tame, signals()).chain((run) => {
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
          return proposal.kind === 'reweigh' ? proposal.weights : weights
        }
        const expected = permuted(order, wish(run))
        expectNear(wish(other), expected, 1e-10)
      }),
      effort(policy),
    )
  })

  it.each([1, 4096])('is sound for %i domains: seen, unseen, and with nothing but zeros', (domains) => {
    const start = startOf(domains)
    const config = ready(policy, given, start)
    for (const reported of ['numbers', 'zeros', 'nothing'] as const) {
      const run = { start, facts: plainFacts(domains, reported, signals()) }
      const current = mixtures(run)
      const states = fold(policy, config, run)
      // Of many domains every third state: comparing their numbers is what takes the time.
      states.forEach((state, i) => {
        if (domains > 1 && (states.length - 1 - i) % 3 !== 0) return
        const proposal = policy.decide(config, state, current[i]!)
        expectProposal(proposal, current[i]!)
        if (domains === 1) expect(proposal.kind).not.toBe('reweigh')
      })
    }
  })
})

describe('the registry', () => {
  const names = policies.map(({ name }) => name)

  it('has each name once', () => expect(new Set(names).size).toBe(names.length))

  it.each(policies.map((policy) => [policy.name, policy] as const))(
    'has what people read of %s in sentences',
    (_name, { purpose, guide, schema, defaults }) => {
      const { avoidWhen, cost, absentDomains, differences, mathematics } = guide
      const sentences = [purpose, avoidWhen, cost, absentDomains, ...differences]
      for (const { description } of Object.values(schema.properties)) sentences.push(description)
      for (const sentence of sentences) expect(sentence).toMatch(/^\S.*[.)]$/s)
      expect(mathematics).not.toEqual([])
      expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(Object.keys(defaults as object)))
    },
  )
})

describe('the fixture', () => {
  const names = policies.map(({ name }) => name)
  it('speaks of policies that there are, and gives its reasons in sentences', () => {
    expect(names).toEqual(expect.arrayContaining(Object.keys({ ...settings, ...orderMatters })))
    for (const reason of Object.values(orderMatters)) expect(reason).toMatch(/^[A-Z].*\.$/)
  })
})

it.each(policies.map(({ name }) => [name]))('the settings of %s bring it to decisions', (name) => {
  expect(decided.get(name)).not.toBe(0)
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
            sum: loss + added,
            held: null,
          }))
          const state = policy.evolve(config, policy.initialState(config, start), stepFact(30, row, weights))
          const proposal = policy.decide(config, state, weights)
          return proposal.kind === 'reweigh' ? proposal.weights : weights
        }
        const expected = after(0)
        expectNear(after(shift), expected, 1e-10)
      }),
    )
  })
})
