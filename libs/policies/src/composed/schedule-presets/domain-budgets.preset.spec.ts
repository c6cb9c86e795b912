import { expect, it } from 'vitest'
import { drive, problemsOf, start } from '../schedule.fixture.js'

const run = start({ web: 0.6, books: 0.3, poems: 0.1 }, undefined, { web: 1e9, books: 1e9, poems: 15 })

it('takes a domain out once it has had its steps or passes', () => {
  const budgets = { books: { steps: 4 }, poems: { passes: 2 } }
  const seen = drive({ preset: { name: 'domain-budgets', budgets } }, run, 6)
  const rounded = seen.map(({ weights }) => weights.map((weight) => Math.round(weight * 1000) / 1000))
  expect(rounded[2]).toEqual([0.6, 0.3, 0.1])
  expect(rounded[3]).toEqual([0.667, 0.333, 0])
  expect(rounded[4]).toEqual([1, 0, 0])
})

it('mixes the rest by any policy', () => {
  const preset = {
    name: 'domain-budgets',
    budgets: { poems: { tokens: 20 } },
    policy: 'natural',
    config: { temperature: 5 },
  }
  const seen = drive({ preset }, run, 3)
  expect(seen[3]!.weights).toEqual([0.5, 0.5, 0])
})

it.each<[object, string]>([
  [{}, 'preset.budgets: expected the budget of a domain, got none'],
  [
    { budgets: { poem: { steps: 1 } } },
    'preset.budgets: expected budgets of web, books, poems, got one of "poem"',
  ],
  [{ budgets: { poems: {} } }, 'preset.budgets.poems: expected steps, tokens or passes, got none'],
  [
    { budgets: { poems: { steps: 1 } }, policy: 'odn' },
    'preset domain-budgets: phases[0].policy: expected a known',
  ],
])('refuses %j', (given, sentence) => {
  const said = problemsOf({ preset: { name: 'domain-budgets', ...given } }, run)
  expect(said).toContainEqual(expect.stringContaining(sentence))
})
