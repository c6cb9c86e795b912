import { describe, expect, it } from 'vitest'
import { largestMoves, sentenceOfFact } from './facts.js'
import { parseWeights } from './override.command.js'
import { parseSettings } from './settings.js'
import { cellOf } from './sql.command.js'

describe('weights of an override', () => {
  it('are shares, made to add up to 1', () =>
    expect(parseWeights(['web=3', 'a=b=1'])).toEqual({ web: 0.75, 'a=b': 0.25 }))
  it.each([[['web']], [['web=']], [['=1']], [['web=-1']], [['web=x']], [['web=1', 'web=2']], [['web=0']]])(
    'are refused with a sentence: %j',
    (given) => {
      expect(() => parseWeights(given)).toThrow(/\.$/)
    },
  )
})

describe('settings of a policy', () => {
  it('are JSON where they can be, else text', () =>
    expect(parseSettings(['rate=0.1', 'on=true', 'variant=paper', 'list=[1,2]', 'note=a=b'])).toEqual({
      rate: 0.1,
      on: true,
      variant: 'paper',
      list: [1, 2],
      note: 'a=b',
    }))
  it('need a key', () => expect(() => parseSettings(['=1'])).toThrow('key=value'))
})

describe('a cell of an answer', () => {
  it('shows six digits, nothing as –, and what is nested as JSON', () =>
    expect([
      cellOf(0.123456789),
      cellOf(12345678),
      cellOf(null),
      cellOf('text'),
      cellOf([1 / 3, 'a']),
      cellOf(false),
    ]).toEqual(['0.123457', '12345678', '–', 'text', '[0.333333,"a"]', 'false']))
})

describe('a decision in a sentence', () => {
  it('begins with the weights that moved most', () =>
    expect(largestMoves([0.5, 0.3, 0.2], [0.4, 0.31, 0.29], ['web', 'code', 'books'])).toBe(
      'web 50.0 % → 40.0 %, books 20.0 % → 29.0 %',
    ))
  it('says nothing of weights that stay', () =>
    expect(largestMoves([0.5, 0.5], [0.5, 0.5], ['a', 'b'])).toBe(''))
  it('cannot steer the terminal', () => {
    const fact = { type: 'MixtureHeld', data: { because: 'odd \u001b[2J' } } as Parameters<
      typeof sentenceOfFact
    >[0]
    expect(sentenceOfFact(fact, [])).toBe('odd \\x1b[2J')
  })
})
