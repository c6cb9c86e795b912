import { describe, expect, it } from 'vitest'
import { learnSkillGraph, type FinishedSkillRun } from './learn-skill-graph.js'

const before = { a: 4, b: 2, law: 3 }
const run = (trainedOn: readonly string[], after: Readonly<Record<string, number>>): FinishedSkillRun => ({
  trainedOn,
  before,
  after,
})
const runs = [
  run(['a'], { a: 3, b: 1.5, law: 3.3 }),
  run(['b'], { a: 4.4, b: 1, law: 2.4 }),
  run(['b', 'a'], { a: 2.5, b: 1.25, law: 2 }),
]
const domains = ['a', 'b']
const graphOf = (request: Parameters<typeof learnSkillGraph>[0]) => {
  const learned = learnSkillGraph(request)
  if (!learned.ok) throw new Error(learned.problems.join(' '))
  return learned.graph.map((row) => row.map((entry) => Math.round(entry * 1e9) / 1e9))
}

describe('learning the graph of skills', () => {
  it('approximates an edge by what training on one domain alone takes off a loss', () => {
    const request = { domains, skills: domains, runs, method: 'approximate' } as const
    expect(graphOf(request)).toEqual([
      [1, 0.5],
      [0, 1],
    ])
    expect(graphOf({ ...request, keepNegative: true })).toEqual([
      [1, 0.5],
      [-0.4, 1],
    ])
  })

  it('takes evaluation skills that are no domains', () => {
    expect(
      graphOf({ domains, skills: ['law', 'a'], runs, method: 'approximate', keepNegative: true }),
    ).toEqual([
      [-0.3, 1],
      [0.6, -0.4],
    ])
  })

  it('can compare relative falls, or falls of the perplexity', () => {
    const request = { domains: ['a'], skills: domains, runs, method: 'approximate' } as const
    expect(graphOf({ ...request, change: 'relative' })).toEqual([[0.25, 0.25]])
    const [row] = graphOf({ ...request, change: 'perplexity' })
    expect(row![1]).toBeCloseTo(Math.exp(2) - Math.exp(1.5), 8)
  })

  it('by brute force compares a pair with the skill alone', () => {
    const request = { domains, skills: domains, runs, method: 'bruteForce' } as const
    // b beside a: 4 − 2.5 instead of 4 − 3. a beside b: 2 − 1.25 instead of 2 − 1, which is no edge.
    expect(graphOf(request)).toEqual([
      [1, 0],
      [0.5, 1],
    ])
    expect(graphOf({ ...request, keepNegative: true })[0]).toEqual([1, -0.25])
  })

  it('gives the unit edges of the synthetic experiments', () => {
    expect(graphOf({ domains, skills: domains, runs, method: 'approximate', edges: 'unit' })).toEqual([
      [1, 0.5],
      [0, 1],
    ])
  })

  it('says which run or loss is missing', () => {
    const problems = (request: Parameters<typeof learnSkillGraph>[0]) => {
      const learned = learnSkillGraph(request)
      return learned.ok ? '' : learned.problems.join(' ')
    }
    expect(problems({ domains: ['c'], skills: ['a'], runs, method: 'approximate' })).toMatch(
      /a run on c alone, got none/,
    )
    expect(problems({ domains, skills: ['code'], runs, method: 'approximate' })).toMatch(/a loss of code/)
    expect(problems({ domains, skills: ['law'], runs, method: 'bruteForce' })).toMatch(/got law as well/)
    expect(
      problems({
        domains: ['a'],
        skills: ['a'],
        runs: [{ ...runs[0]!, before: { a: 0 } }],
        method: 'approximate',
        change: 'relative',
      }),
    ).toMatch(/finite fall/)
  })
})
