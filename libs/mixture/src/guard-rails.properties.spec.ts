import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Guards } from '@mixdesk/contracts'
import { distance, entropyOf, evenest, intoBox } from './box.js'
import { checkGuards } from './check-guards.js'
import { applyGuards, boxOf, impossibility, resolveGuards } from './guard-rails.js'

const unit = fc.double({ min: 0, max: 1, noNaN: true })
const noise = 1e-9
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

const mixtureOf = (length: number): fc.Arbitrary<readonly number[]> =>
  fc
    .array(fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: unit }), {
      minLength: length,
      maxLength: length,
    })
    .filter((values) => sum(values) > 1e-6)
    .map((values) => values.map((value) => value / sum(values)))

type Case = {
  readonly guards: Guards
  readonly domains: readonly { readonly name: string; readonly tokens: number }[]
  readonly horizon: { readonly tokens?: number }
  readonly tokensRead: readonly number[]
  readonly proposed: readonly number[]
  readonly current: readonly number[]
}

/** Guards that can be kept, around a mixture that keeps floors and ceilings, with data that is partly read. */
const cases: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 8 }).chain((length) => {
  const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: length, maxLength: length })
  const byName = (values: readonly number[]) => Object.fromEntries(values.map((value, i) => [`d${i}`, value]))
  const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined })
  return fc
    .record({
      inside: mixtureOf(length),
      below: each(unit),
      above: each(unit),
      bounded: fc.boolean(),
      epochs: optional(each(fc.double({ min: 0.2, max: 4, noNaN: true }))),
      read: each(unit),
      planned: optional(unit),
      entropy: optional(unit),
      total: optional(fc.double({ min: 1e-3, max: 2, noNaN: true })),
      perDomain: optional(each(fc.oneof(unit, fc.constantFrom(0, 0.01)))),
      tokens: each(fc.integer({ min: 1, max: 1_000_000 })),
      proposed: mixtureOf(length),
      current: mixtureOf(length),
    })
    .map(({ inside, below, above, bounded, epochs, read, planned, entropy, total, perDomain, ...given }) => {
      const domains = given.tokens.map((tokens, i) => ({ name: `d${i}`, tokens }))
      const floor = inside.map((weight, i) => weight * (1 - below[i]!))
      const ceiling = inside.map((weight, i) => Math.min(1, weight + above[i]!))
      const allowed = domains.map(({ tokens }, i) => tokens * (epochs?.[i] ?? 1))
      const horizon = planned === undefined ? {} : { tokens: Math.max(1, Math.floor(planned * sum(allowed))) }
      const largestChange = {
        ...(total === undefined ? {} : { total }),
        ...(perDomain === undefined ? {} : { perDomain: byName(perDomain) }),
      }
      const guards: Guards = {
        ...(bounded ? { floor: byName(floor), ceiling: byName(ceiling) } : {}),
        ...(epochs === undefined ? {} : { repetitionCap: { epochs: byName(epochs) } }),
        ...(entropy === undefined ? {} : { entropyFloor: { share: entropy } }),
        largestChange,
      }
      const tokensRead = allowed.map((tokens, i) => Math.floor(tokens * read[i]! * 1.05))
      return { guards, domains, horizon, tokensRead, proposed: given.proposed, current: given.current }
    })
    .filter(
      ({ guards, domains, horizon, tokensRead }) =>
        checkGuards(guards, domains, horizon).length === 0 &&
        impossibility(resolveGuards(guards, domains, 1, horizon), tokensRead) === undefined,
    )
})

const railsOf = ({ guards, domains, horizon }: Case) => resolveGuards(guards, domains, 1, horizon)
const apply = (one: Case, proposed = one.proposed, current = one.current) =>
  applyGuards(proposed, current, railsOf(one), one)

function expectWhereItMayLie(one: Case, weights: readonly number[]): void {
  const rails = railsOf(one)
  const box = boxOf(rails, one.tokensRead)
  expect(Math.abs(sum(weights) - 1)).toBeLessThan(1e-12)
  weights.forEach((weight, i) => {
    expect(weight).toBeGreaterThanOrEqual(Math.max(0, box.lower[i]! - 1e-12))
    expect(weight).toBeLessThanOrEqual(box.upper[i]! + 1e-12)
    expect(weight).toBeLessThanOrEqual(rails.ceiling[i]! + 1e-12)
  })
  const reachable = Math.min(rails.lowestEntropy ?? 0, entropyOf(evenest(box)!))
  expect(entropyOf(weights)).toBeGreaterThanOrEqual(reachable - noise)
}

/** A mixture that keeps all that says where mixtures may lie, near the one given. */
const allowed = (one: Case, near: readonly number[]): readonly number[] =>
  applyGuards(near, near, { ...railsOf({ ...one, guards: { ...one.guards, largestChange: 2 } }) }, one)
    .weights

describe('guard rails, whatever is proposed', () => {
  it('give a mixture between floors, ceilings and caps, with enough entropy, wherever the run was', () => {
    fc.assert(
      fc.property(cases, (one) => {
        expectWhereItMayLie(one, apply(one).weights)
      }),
      { numRuns: 500 },
    )
  })

  it('keep every largest change too, where the run was allowed to be', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const current = allowed(one, one.current)
        const { weights } = apply(one, one.proposed, current)
        const { largestChange, largestChangeByDomain } = railsOf(one)
        expectWhereItMayLie(one, weights)
        expect(distance(weights, current)).toBeLessThanOrEqual(largestChange + noise)
        weights.forEach((weight, i) =>
          expect(Math.abs(weight - current[i]!)).toBeLessThanOrEqual(
            (largestChangeByDomain?.[i] ?? 1) + noise,
          ),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('keep every largest change wherever the run was, if any mixture does', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { entropyFloor: _, ...guards } = given.guards
        const one = { ...given, guards }
        const rails = railsOf(one)
        const box = boxOf(rails, one.tokensRead)
        const reach = rails.largestChangeByDomain ?? box.lower.map(() => 1)
        const lower = box.lower.map((least, i) => Math.max(least, one.current[i]! - reach[i]!))
        const upper = box.upper.map((most, i) => Math.min(most, one.current[i]! + reach[i]!))
        if (lower.some((least, i) => least > upper[i]!) || sum(lower) > 1 || sum(upper) < 1) return
        // What must go and what must come, whatever else happens.
        const out = sum(one.current.map((weight, i) => Math.max(0, weight - upper[i]!)))
        const into = sum(one.current.map((weight, i) => Math.max(0, lower[i]! - weight)))
        const { weights } = apply(one)
        weights.forEach((weight, i) =>
          expect(Math.abs(weight - one.current[i]!)).toBeLessThanOrEqual(reach[i]! + noise),
        )
        expect(distance(weights, one.current)).toBeLessThanOrEqual(
          Math.max(rails.largestChange, 2 * out, 2 * into) + noise,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('name each bite, from the proposal to the result, and leave alone what needs none', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { weights, bites } = apply(one)
        expect(bites[0]?.before ?? weights).toEqual(one.proposed)
        expect(bites.at(-1)?.after ?? one.proposed).toEqual(weights)
        bites.slice(1).forEach((bite, i) => expect(bite.before).toEqual(bites[i]!.after))
        for (const { because } of bites) expect(because).toMatch(/^[A-Z].*\.$/)
        const again = apply(one, weights, weights)
        expect(distance(again.weights, weights)).toBeLessThan(noise)
      }),
      { numRuns: 300 },
    )
  })

  it('do not care in which order domains are listed', () => {
    const shuffled = cases.chain((one) =>
      fc.tuple(
        fc.constant(one),
        fc.shuffledSubarray(
          one.domains.map((_, i) => i),
          { minLength: one.domains.length },
        ),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([one, order]) => {
        const by = <T>(values: readonly T[]) => order.map((i) => values[i]!)
        const other = {
          ...one,
          domains: by(one.domains),
          tokensRead: by(one.tokensRead),
          proposed: by(one.proposed),
          current: by(one.current),
        }
        const expected = by(apply(one).weights)
        apply(other).weights.forEach((weight, i) =>
          expect(Math.abs(weight - expected[i]!)).toBeLessThan(1e-7),
        )
      }),
      { numRuns: 200 },
    )
  })
})

describe('the most even mixture of a box', () => {
  it('has more entropy than any other in it, and mixing towards it never loses any', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const box = boxOf(railsOf(one), one.tokensRead)
        const most = evenest(box)!
        const other = intoBox(one.proposed, box)
        expect(entropyOf(other)).toBeLessThanOrEqual(entropyOf(most) + noise)
        let before = entropyOf(other)
        for (const share of [0.1, 0.3, 0.7, 0.9, 1]) {
          const now = entropyOf(other.map((weight, i) => weight + share * (most[i]! - weight)))
          expect(now).toBeGreaterThanOrEqual(before - noise)
          before = now
        }
      }),
    )
  })
})

describe('a repetition cap over a horizon', () => {
  it('is never exceeded, whatever is proposed step by step', () => {
    const runs = fc.integer({ min: 1, max: 5 }).chain((length) =>
      fc.record({
        tokens: fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: length, maxLength: length }),
        epochs: fc.double({ min: 0.5, max: 4, noNaN: true }),
        planned: fc.double({ min: 0.1, max: 1, noNaN: true }),
        wishes: fc.array(mixtureOf(length), { minLength: 5, maxLength: 40 }),
        largestChange: fc.double({ min: 0.01, max: 2, noNaN: true }),
      }),
    )
    fc.assert(
      fc.property(runs, ({ tokens, epochs, planned, wishes, largestChange }) => {
        const domains = tokens.map((count, i) => ({ name: `d${i}`, tokens: count }))
        const horizon = { tokens: Math.max(1, Math.floor(planned * epochs * sum(tokens))) }
        const guards = { repetitionCap: { epochs }, largestChange }
        if (checkGuards(guards, domains, horizon).length > 0) return
        const rails = resolveGuards(guards, domains, 1, horizon)
        let tokensRead: readonly number[] = tokens.map(() => 0)
        let current = wishes[0]!
        for (const proposed of wishes) {
          const { weights } = applyGuards(proposed, current, rails, { domains, tokensRead })
          const step = horizon.tokens / wishes.length
          tokensRead = tokensRead.map((read, i) => read + step * weights[i]!)
          current = weights
        }
        tokensRead.forEach((read, i) =>
          expect(read).toBeLessThanOrEqual(epochs * tokens[i]! * (1 + 1e-9) + 1e-9),
        )
      }),
    )
  })
})
