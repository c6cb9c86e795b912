import { TypeCompiler } from '@sinclair/typebox/compiler'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainerEventExamples } from '../examples.js'
import { limits } from '../primitives.js'
import { checkLosses, show } from './losses-guard.js'
import { LossesMeasured } from './trainer-events.js'

const schema = TypeCompiler.Compile(LossesMeasured)
const example = trainerEventExamples['losses.measured']
const sentence = (change: object) => {
  const outcome = checkLosses({ ...example, ...change })
  return outcome.ok ? 'accepted' : outcome.because
}

/** What only the guard knows: equal lengths and distinct indices. */
function related({ tokens, lossSum, domains, sequences, signals }: LossesMeasured): boolean {
  const arrays = [lossSum, domains, sequences, ...Object.values(signals ?? {})].filter(
    (array) => array !== undefined,
  )
  return (
    arrays.every((array) => array.length === tokens.length) &&
    new Set(domains ?? []).size === (domains ?? []).length
  )
}

const name = fc.stringMatching(/^[A-Za-z0-9._:/-]{1,128}$/)
const count = fc.oneof(fc.nat(), fc.maxSafeNat())
const loss = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { freq: 10 })
const signalName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,63}$/)
const sound = fc.integer({ min: 0, max: 24 }).chain((length) => {
  const of = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: length, maxLength: length })
  return fc.record(
    {
      run: name,
      attempt: fc.integer({ min: 1, max: 1_000_000 }),
      step: count,
      rank: fc.integer({ min: 0, max: limits.ranks - 1 }),
      mixtureVersion: count,
      domains: fc.uniqueArray(fc.integer({ min: 0, max: limits.domains - 1 }), {
        minLength: length,
        maxLength: length,
      }),
      tokens: of(count),
      lossSum: of(loss),
      sequences: of(count),
      signals: fc.dictionary(signalName, of(loss), { maxKeys: 3 }),
    },
    { requiredKeys: ['run', 'attempt', 'step', 'rank', 'tokens', 'lossSum'] },
  )
})

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    -1,
    -0,
    0,
    0.5,
    1e300,
    2 ** 53,
    65_535,
    65_536,
    4095,
    4096,
    1_000_001,
    NaN,
    Infinity,
    -Infinity,
  ),
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    '1',
    'a b',
    'x'.repeat(129),
    [],
    {},
    [[]],
    [1, 1],
    ['1'],
    { a: [] },
    { '1a': [1] },
  ),
  fc.jsonValue(),
)
/** A sound message with one value, at any depth, replaced by something odd or taken out. */
const broken = fc
  .tuple(sound, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), fc.option(odd))
  .map(([message, path, value]) => {
    const copy = structuredClone(message) as Record<string, unknown>
    let at: Record<string, unknown> = copy
    path.forEach((turn, depth) => {
      const keys = Object.keys(at)
      const key = keys[turn % keys.length]
      if (key === undefined) return
      const next = at[key]
      if (depth < path.length - 1 && typeof next === 'object' && next !== null)
        at = next as Record<string, unknown>
      else if (value === null && !Array.isArray(at)) Reflect.deleteProperty(at, key)
      else at[key] = structuredClone(value)
    })
    return copy
  })

describe('the guard of losses.measured', () => {
  it('accepts what is sound, and hands it on as it is', () => {
    fc.assert(
      fc.property(sound, (message) => {
        const outcome = checkLosses(message)
        expect(outcome).toEqual({ ok: true, value: message })
      }),
    )
  })

  it('accepts exactly what the schema accepts, where lengths agree and indices differ', () => {
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(broken, (message) => {
        const expected = schema.Check(message) && related(message)
        const outcome = checkLosses(message)
        expect(outcome.ok).toBe(expected)
        if (outcome.ok) accepted++
        else {
          refused++
          expect(outcome.because).toMatch(/^losses\.measured: .{10,240}\.$/s)
        }
      }),
      { numRuns: 20_000 },
    )
    // Both sides must have been met often, or the comparison says nothing.
    expect(Math.min(accepted, refused)).toBeGreaterThan(2_000)
  })

  it('turns away any JSON that is no message', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => !checkLosses(value).ok && !schema.Check(value)))
  })

  it.each([
    [{ run: 'a b' }, '`run` should be a name'],
    [{ attempt: 0 }, '`attempt` should be an integer from 1 to 1000000, got 0.'],
    [{ step: -1 }, '`step` should be a non-negative integer, got -1.'],
    [{ step: '7' }, '`step` should be a non-negative integer, got "7".'],
    [{ rank: 65_536 }, '`rank` should be an integer from 0 to 65535, got 65536.'],
    [{ mixtureVersion: -1 }, '`mixtureVersion` should be a non-negative integer, got -1.'],
    [{ tokens: undefined }, '`tokens` should be an array of counts, got nothing.'],
    [{ tokens: [1, -1] }, '`tokens[1]` should be a non-negative integer, got -1.'],
    [{ tokens: [1, 2 ** 53] }, '`tokens[1]` should be a non-negative integer'],
    [{ tokens: new Array(4097).fill(1) }, 'at most 4096 domains are possible, got 4097.'],
    [{ lossSum: [1, Infinity] }, '`lossSum[1]` should be a finite number, or null where it was not finite'],
    [{ lossSum: [1, NaN] }, '`lossSum[1]` should be a finite number'],
    [
      { lossSum: [1] },
      '`lossSum` has 1 entries where `tokens` has 2; send one entry a domain in every array.',
    ],
    [{ domains: [3, 3] }, '`domains` names index 3 twice; send each domain once, with its sums.'],
    [{ domains: [3, 1, 3], tokens: [1, 1, 1], lossSum: [1, 1, 1] }, 'names index 3 twice'],
    [{ domains: [0, 4096] }, "`domains[1]` should be an index into the run's domains, got 4096."],
    [{ sequences: [1, 2, 3] }, '`sequences` has 3 entries where `tokens` has 2'],
    [{ signals: [1] }, '`signals` should be an object of arrays'],
    [{ signals: { '1st': [1, 1] } }, "a signal's name should start with a letter"],
    [{ signals: { refLossSum: [1] } }, '`signals.refLossSum` has 1 entries'],
  ])('says what is wrong with %j', (change, part) => {
    expect(sentence(change)).toContain(part)
  })

  it('takes null for a loss that was not finite', () => {
    expect(sentence({ lossSum: [null, 1], signals: { refLossSum: [1, null] } })).toBe('accepted')
  })
})

describe('show', () => {
  it('keeps values short, whatever they are', () => {
    expect(show(undefined)).toBe('nothing')
    expect(show('a')).toBe('"a"')
    expect(show(NaN)).toBe('NaN')
    expect(show([1, null])).toBe('[1,null]')
    expect(show('x'.repeat(1000))).toHaveLength(58)
    expect(show(() => 1)).toBe('function')
  })
})
