import { describe, expect, it } from 'vitest'
import type { LedgerData, MixtureSet } from '@mixdesk/contracts'
import { expectedDecisions, expectedFacts } from './expected.js'
import { aRun, inLog, losses, stepsOf } from './facts.js'
import {
  assertCaughtUp,
  assertDecisionsMatch,
  assertExactlyOnce,
  assertFactsMatch,
  assertLogHolds,
  assertNewestLast,
  assertNoDuplicates,
  assertNoGaps,
  assertSamePlaces,
  assertTrainerFollows,
} from './invariants.js'
import { seeded } from './seeded.js'
import { storiesOf } from './stories.js'

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

  it('finds a fact that is missing, added, out of place, or says something else', () => {
    const facts = expectedFacts(inLog([aRun(), ...stepsOf(0, 9)]))
    expect(facts.length).toBeGreaterThan(3)
    expect(() => assertFactsMatch(facts, facts)).not.toThrow()
    expect(() => assertFactsMatch(facts.slice(0, -1), facts)).toThrow('is missing')
    expect(() => assertFactsMatch(facts, facts.slice(0, -1))).toThrow('was not expected')
    expect(() => assertFactsMatch([...facts.slice(1), facts[0]!], facts)).toThrow('instead of')
    const [first, ...rest] = facts
    const bent = { ...first!, data: { ...first!.data, attempt: 2 } } as typeof first & {}
    expect(() => assertFactsMatch([bent, ...rest], facts)).toThrow('says')
  })

  it('finds a topic that ends with an old mixture', () => {
    const commands = decided.slice(0, 2).map(commandOf)
    expect(() => assertNewestLast([...commands, ...commands])).not.toThrow()
    expect(() => assertNewestLast([...commands, commands[0]!])).toThrow('the newest is 2')
  })

  it('finds a dead letter that is missing, and one that nobody expected', () => {
    expect(() => assertSamePlaces(['0@1', '0@1', '1@7'], ['0@1', '1@7'], 'Letter')).not.toThrow()
    expect(() => assertSamePlaces(['0@1'], ['0@1', '1@7'], 'Letter')).toThrow('Letter 1@7 is missing')
    expect(() => assertSamePlaces(['0@1', '1@7'], ['0@1'], 'Letter')).toThrow('Letter 1@7 was not expected')
  })

  it('finds a log that lacks a message, or has them in another order', () => {
    const sent = [losses(0), losses(1), losses(2)]
    expect(() => assertLogHolds([sent[0]!, sent[1]!, sent[0]!, sent[1]!, sent[2]!], sent, 'r')).not.toThrow()
    expect(() => assertLogHolds([sent[0]!, sent[2]!], sent, 'r')).toThrow('does not hold')
    expect(() => assertLogHolds([sent[0]!, sent[2]!, sent[1]!], sent, 'r')).toThrow('does not hold')
  })

  it('finds a partition whose end is not committed', () => {
    const at = (committed: string) => [{ partition: 3, end: '10', committed }]
    expect(() =>
      assertCaughtUp([...at('10'), { partition: 4, end: '0', committed: '-1' }], 'g'),
    ).not.toThrow()
    expect(() => assertCaughtUp(at('9'), 'g')).toThrow('partition 3 ends at 10, 9 is committed')
    expect(() => assertCaughtUp(at('-1'), 'g')).toThrow('-1 is committed')
  })
})

describe('what the fault tests tell', () => {
  it('has the same numbers with the same seed, and others with another', () => {
    const numbers = (seed: number) => {
      const random = seeded(seed)
      return Array.from({ length: 20 }, () => random.between(0, 999))
    }
    expect(numbers(7)).toEqual(numbers(7))
    expect(numbers(7)).not.toEqual(numbers(8))
    expect(new Set(numbers(7)).size).toBeGreaterThan(15)
  })

  it('holds everything that decides: freezes, overrides, resumes, expiries, late ranks, and many decisions', () => {
    const types = storiesOf('told', { steps: 60 }).map(({ run, events }) => {
      const facts = expectedFacts(inLog(events))
      const versions = facts.filter(({ type }) => type === 'MixtureDecided').length
      expect(versions, run).toBeGreaterThan(15)
      return facts.map(({ type }) => type)
    })
    expect([...new Set(types.flat())]).toEqual(
      expect.arrayContaining([
        'RunStarted',
        'RunResumed',
        'RunFinished',
        'CheckpointSaved',
        'MixtureApplied',
        'MixtureFrozen',
        'MixtureThawed',
        'MixtureHeld',
        'MixtureOverridden',
        'MixtureExpired',
      ]),
    )
  })
})
