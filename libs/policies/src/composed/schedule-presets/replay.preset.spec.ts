import { describe, expect, it } from 'vitest'
import { drive, problemsOf, start } from '../schedule.fixture.js'

const run = start(
  { web: 0.6, books: 0.2, medicine: 0.2 },
  { steps: 20 },
  { web: 1e6, books: 1e6, medicine: 60 },
)
const follow = (given: object, steps: number, told: Parameters<typeof drive>[3] = {}) =>
  drive({ preset: { name: 'replay', replayed: ['web', 'books'], ...given } }, run, steps, told)
/** The share of the old domains, in percent. */
const shares = (seen: ReturnType<typeof follow>) =>
  seen.map(({ weights }) => Math.round((weights[0]! + weights[1]!) * 100))

it('keeps a quarter of old domains, in the proportions of the start', () => {
  const [first] = follow({}, 0)
  expect(first!.weights.map((weight) => Math.round(weight * 1e4) / 1e4)).toEqual([0.1875, 0.0625, 0.75])
  const [even] = follow({ replayedWeights: { web: 1, books: 1 }, rate: 0.5 }, 0)
  expect(even!.weights).toEqual([0.25, 0.25, 0.5])
})

it('may replay more while the gap opens', () => {
  expect(shares(follow({ first: { rate: 0.6, until: { share: 0.2 } } }, 6))).toEqual([
    60, 60, 60, 60, 25, 25, 25,
  ])
})

describe('with a limit', () => {
  const limit = { domain: 'books', above: 3, below: 2.8, rate: 0.5, patience: 2 }
  const books = [2, 3, 3.1, 3.2, 2.9, 2.7, 2.9, 2.8, 2.7, 3, 3]
  const evaluate = (step: number) => ({ loss: { books: books[step - 1]! } })

  it('replays more as long as an old domain is above it, again and again', () => {
    expect(shares(follow({ limit }, 11, { evaluate }))).toEqual([
      25, 25, 25, 50, 50, 50, 50, 50, 50, 25, 25, 50,
    ])
  })

  it('does so after the first stretch too', () => {
    const first = { rate: 0.8, until: { steps: 2 } }
    expect(shares(follow({ limit, first }, 11, { evaluate }))).toEqual([
      80, 80, 25, 50, 50, 50, 50, 50, 50, 25, 25, 50,
    ])
  })
})

it('reads a new domain only so often', () => {
  const seen = follow({ passes: 0.5 }, 4)
  expect(seen.map(({ weights }) => weights[2]! > 0)).toEqual([true, true, true, false, false])
})

it.each<[object, string]>([
  [{ replayed: [] }, 'preset.replayed: expected a list with at least 1 entries'],
  [{ replayed: ['webb'] }, 'preset.replayed: expected domains of web, books, medicine, got webb'],
  [{ replayed: ['web', 'books', 'medicine'] }, 'expected a new domain beside them'],
  [{ newWeights: { web: 1 } }, 'web does not belong there'],
  [{ limit: { domain: 'medicine', above: 3 } }, 'preset.limit.domain: expected one of the replayed domains'],
  [{ limit: { domain: 'web', above: 3, below: 4 } }, 'preset.limit.below: expected at most 3'],
  [{ first: { rate: 0.5, until: {} } }, 'preset.first.until: expected exactly one of'],
])('refuses %j', (given, sentence) => {
  const said = problemsOf({ preset: { name: 'replay', replayed: ['web', 'books'], ...given } }, run)
  expect(said).toContainEqual(expect.stringContaining(sentence))
})
