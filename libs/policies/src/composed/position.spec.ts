import { describe, expect, it } from 'vitest'
import { isReached, positionProblems, shareGone, tokensOf } from './position.js'
import { stepWith } from '../step-fact.fixture.js'

describe('a position', () => {
  it.each([
    [{ steps: 5 }, undefined, 5, 0],
    [{ tokens: 100 }, undefined, 0, 100],
    [{ share: 0.5 }, { steps: 10 }, 5, 0],
    [{ share: 0.5 }, { tokens: 200, steps: 1 }, 0, 100],
  ])(
    '%j of the horizon %j is reached at %d steps and %d tokens, and not before',
    (position, horizon, steps, tokens) => {
      expect(isReached(position, horizon, { steps, tokens })).toBe(true)
      expect(isReached(position, horizon, { steps: steps - 1, tokens: tokens - 1 })).toBe(false)
    },
  )

  it('in a share is never reached in a run without a horizon', () => {
    expect(isReached({ share: 0 }, undefined, { steps: 1e9, tokens: 1e15 })).toBe(false)
    expect(isReached({}, { steps: 1 }, { steps: 1e9, tokens: 1e15 })).toBe(false)
  })
})

it.each([
  [{ steps: 10 }, 0.5],
  [{ tokens: 50 }, 1],
  [{ share: 0.1 }, 0.25],
  [{ steps: 0 }, 1],
  [{}, 1],
])('of a stretch %j the share %d is gone after 5 steps and 100 tokens', (stretch, share) => {
  expect(shareGone(stretch, { tokens: 4000 }, { steps: 5, tokens: 100 })).toBe(share)
})

it('has gone nowhere at the start, except through a stretch without length', () => {
  expect(shareGone({ steps: 10 }, undefined, { steps: 0, tokens: 0 })).toBe(0)
  expect(shareGone({ tokens: 0 }, undefined, { steps: 0, tokens: 0 })).toBe(1)
  expect(shareGone({ share: 0.5 }, { steps: 8 }, { steps: 1, tokens: 0 })).toBe(0.25)
})

it('says what is wrong with a position', () => {
  expect(positionProblems('at', { steps: 1 }, undefined)).toEqual([])
  expect(positionProblems('at', {}, undefined)).toEqual([expect.stringContaining('got none')])
  expect(positionProblems('at', { steps: 1, share: 1 }, { steps: 1 })).toEqual([
    expect.stringContaining('got steps and share'),
  ])
  expect(positionProblems('at', { share: 1 }, undefined)).toEqual([
    expect.stringContaining('at.share: expected a run that declares its horizon'),
  ])
})

it('counts the tokens of domains that were in the step', () => {
  const fact = stepWith(1, [1, null, 2], [1, 0, 0], 10)
  expect(tokensOf(fact)).toBe(20)
  expect(tokensOf({ ...fact, tokens: [NaN, 5, Infinity] })).toBe(0)
})
