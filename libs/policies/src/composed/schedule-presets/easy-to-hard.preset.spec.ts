import { describe, expect, it } from 'vitest'
import { drive, problemsOf, start } from '../schedule.fixture.js'

const run = start({ a: 0.1, b: 0.2, c: 0.3, d: 0.4 }, { steps: 32 })
const follow = (given: object, steps = 20, among = run) =>
  drive({ preset: { name: 'easy-to-hard', start: 0, ...given } }, among, steps)
/** How many domains are in after each step. */
const counts = (seen: ReturnType<typeof follow>) =>
  seen.map(({ weights }) => weights.filter((weight) => weight > 0).length)
/** After which steps another domain came in. */
const changes = (seen: ReturnType<typeof follow>) =>
  counts(seen).flatMap((count, i, all) => (i > 0 && count !== all[i - 1] ? [i] : []))

describe('domains come in, the easiest first, until all are in when the budget is used', () => {
  it('fast at first, by the root of the time', () => {
    // c = √(t / 16): a quarter at 1, half at 4, three quarters at 9.
    expect(changes(follow({}))).toEqual([1, 4, 9])
    expect(changes(follow({ over: { steps: 16 } }, 20, start({ a: 1, b: 1, c: 1, d: 1 })))).toEqual([1, 4, 9])
  })

  it('evenly where the pace is linear', () => {
    expect(changes(follow({ pace: 'linear' }))).toEqual([4, 8, 12])
    expect(changes(follow({ pace: 'linear', over: { tokens: 160 } }, 16)).length).toBe(3)
  })

  it('with some in from the start', () => {
    expect(counts(follow({ start: 0.5, pace: 'linear' }))[0]).toBe(3)
    expect(changes(follow({ start: 0.5, pace: 'linear' }))).toEqual([8])
  })
})

it('keeps the proportions of the start among those that are in, in the given order', () => {
  const seen = follow({ order: ['d', 'a', 'c', 'b'] })
  expect(seen[0]!.weights).toEqual([0, 0, 0, 1])
  expect(seen[1]!.weights).toEqual([0.2, 0, 0, 0.8])
  expect(seen[20]!.weights).toEqual([0.1, 0.2, 0.3, 0.4])
})

it('lets them in by groups where there are more domains than stages', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`d${i}`, 1]))
  const seen = follow({ stages: 4, pace: 'linear', over: { steps: 8 } }, 8, start(many))
  expect(counts(seen)).toEqual([25, 25, 50, 50, 75, 75, 100, 100, 100])
})

it.each<[object, string]>([
  [{ order: ['a', 'b', 'c', 'c'] }, 'preset.order: expected every domain once'],
  [
    { over: { steps: 1, tokens: 1 } },
    'preset.over: expected exactly one of steps, tokens, share, got steps and tokens',
  ],
  [{ start: 1 }, 'preset.start: expected a number at least 0 and below 1, got 1'],
])('refuses %j', (given, sentence) => {
  const said = problemsOf({ preset: { name: 'easy-to-hard', ...given } }, run)
  expect(said).toContainEqual(expect.stringContaining(sentence))
})
