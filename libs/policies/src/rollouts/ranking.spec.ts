import { expect, it } from 'vitest'
import { rankBlocks, rankingProblems } from './ranking.js'

const domains = [{ name: 'olympiad' }, { name: 'school' }, { name: 'algebra' }]

it('ranks domains as the run lists them, one item each, where nothing is said', () => {
  expect(rankBlocks(null, null, domains)).toEqual([0, 1, 2].map((first) => ({ first, items: 1 })))
})

it('gives every domain its place in the ranking, in the order of the run', () => {
  const ranking = ['school', 'algebra', 'olympiad']
  expect(rankBlocks(ranking, { school: 5, algebra: 2, olympiad: 3 }, domains)).toEqual([
    { first: 7, items: 3 },
    { first: 0, items: 5 },
    { first: 5, items: 2 },
  ])
  expect(rankingProblems(ranking, domains)).toEqual([])
})

it('says what a ranking lacks, adds or repeats', () => {
  expect(rankingProblems(['school', 'school', 'music'], domains)).toEqual([
    'ranking: expected every domain of the run once, got no place for olympiad, algebra and music, which the run does not have and a name twice; list each domain once, or leave it out for the order of the run.',
  ])
})
