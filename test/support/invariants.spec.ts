import { describe, expect, it } from 'vitest'
import type { LedgerData, MixtureSet } from '@mixdesk/contracts'
import { expectedDecisions } from './expected.js'
import { aRun, stepsOf } from './facts.js'
import {
  assertDecisionsMatch,
  assertExactlyOnce,
  assertNoDuplicates,
  assertNoGaps,
  assertTrainerFollows,
} from './invariants.js'

const decided = expectedDecisions([aRun(), ...stepsOf(0, 19)])
const commandOf = (decision: LedgerData<'MixtureDecided'>) =>
  ({ version: decision.version, weights: decision.weights, decisionId: decision.decisionId }) as MixtureSet

describe('the helpers that assert what must never happen can fail', () => {
  it('finds a duplicate', () => {
    expect(() => assertNoDuplicates(['a', 'b'], (x) => x, 'letter')).not.toThrow()
    expect(() => assertNoDuplicates(['a', 'b', 'a'], (x) => x, 'letter')).toThrow('letter a is there twice')
  })

  it('finds a gap, a repeat and a wrong start', () => {
    expect(() => assertNoGaps([1, 2, 3], 1, 'Version')).not.toThrow()
    expect(() => assertNoGaps([1, 3], 1, 'Version')).toThrow('Version 2 was expected')
    expect(() => assertNoGaps([1, 1], 1, 'Version')).toThrow('Version 2 was expected')
    expect(() => assertNoGaps([2], 1, 'Version')).toThrow('Version 1 was expected')
  })

  it('finds a decision that is missing, added, or off by the last bit of one weight', () => {
    expect(decided.length).toBeGreaterThan(3)
    expect(() => assertDecisionsMatch(decided, decided)).not.toThrow()
    expect(() => assertDecisionsMatch(decided.slice(1), decided)).toThrow('differs')
    expect(() => assertDecisionsMatch(decided.slice(0, -1), decided)).toThrow('is missing')
    expect(() => assertDecisionsMatch(decided, decided.slice(0, -1))).toThrow('was not expected')
    const last = decided.at(-1)!
    const nudged = {
      ...last,
      weights: last.weights.map((weight, i) => (i === 0 ? weight + Number.EPSILON / 4 : weight)),
    }
    expect(nudged.weights[0]).not.toBe(last.weights[0])
    expect(() => assertDecisionsMatch([...decided.slice(0, -1), nudged], decided)).toThrow(
      'differs in weights',
    )
  })

  it('finds a version that the trainer skipped or got twice, and weights that changed on the way', () => {
    const commands = decided.map(commandOf)
    expect(() => assertTrainerFollows(commands, decided)).not.toThrow()
    expect(() => assertTrainerFollows(commands.slice(1), decided)).toThrow('Version 1 was expected')
    expect(() => assertTrainerFollows([...commands, commands.at(-1)!], decided)).toThrow('was expected')
    expect(() => assertTrainerFollows(commands.slice(0, -1), decided)).toThrow('were decided')
    const first = commands[0]!
    const bent = { ...first, weights: first.weights.map((weight) => weight / 2) }
    expect(() => assertTrainerFollows([bent, ...commands.slice(1)], decided)).toThrow('other weights')
  })

  it('finds an observation that is lost, doubled or made up', () => {
    const once = (key: string) => ({ key, times: 1 })
    expect(() => assertExactlyOnce([once('1/0/0'), once('1/0/1')], ['1/0/0', '1/0/1'])).not.toThrow()
    expect(() => assertExactlyOnce([once('1/0/0')], ['1/0/0', '1/0/1'])).toThrow('0 times')
    expect(() => assertExactlyOnce([{ key: '1/0/0', times: 2 }], ['1/0/0'])).toThrow('2 times')
    expect(() => assertExactlyOnce([once('1/0/0'), once('1/7/0')], ['1/0/0'])).toThrow('never sent')
  })
})
