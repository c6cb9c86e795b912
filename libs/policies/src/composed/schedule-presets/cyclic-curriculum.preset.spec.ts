import { describe, expect, it } from 'vitest'
import { drive, problemsOf, start, weightOf } from '../schedule.fixture.js'

const run = start({ easy: 0.1, fair: 0.2, hard: 0.3, worst: 0.4 }, { steps: 40 })
const follow = (given: object, steps: number, among = run) =>
  drive({ preset: { name: 'cyclic-curriculum', ...given } }, among, steps)
const sizes = (seen: ReturnType<typeof follow>) =>
  seen.map(({ proposal }) => (proposal.kind === 'hold' ? undefined : proposal.controls?.['dataSize']))

describe('without explicit sizes', () => {
  it('cycles over a quarter, half and all of the data, each round as long as its share of a pass', () => {
    const seen = follow({ pass: { steps: 4 } }, 18)
    expect(sizes(seen)).toEqual([
      ...[0.25, 0.5, 0.5, 1, 1, 1, 1, 0.5, 0.5],
      ...[0.25, 0.5, 0.5, 1, 1, 1, 1, 0.5, 0.5, 0.25],
    ])
  })

  it('lets in the easiest domains, with their start weights among them', () => {
    const seen = follow({ pass: { steps: 4 }, order: ['hard', 'easy', 'worst', 'fair'] }, 9)
    expect(seen[0]!.weights).toEqual([0, 0, 1, 0])
    expect(seen[1]!.weights.map((weight) => Math.round(weight * 100) / 100)).toEqual([0.25, 0, 0.75, 0])
    expect(seen[3]!.weights).toEqual([0.1, 0.2, 0.3, 0.4])
    expect(seen[9]!.weights).toEqual([0, 0, 1, 0])
  })

  it('passes five times over the data by default', () => {
    const seen = follow({}, 40)
    expect(sizes(seen).slice(0, 9)).toEqual([0.25, 0.25, 0.5, 0.5, 0.5, 0.5, 1, 1, 1])
    expect(seen.filter(({ weights }) => weights[3]! > 0)).toHaveLength(16)
  })

  it('may give every round a pass', () => {
    const seen = follow({ pass: { steps: 2 }, lengthFollowsSize: false }, 8)
    expect(sizes(seen)).toEqual([0.25, 0.25, 0.5, 0.5, 1, 1, 0.5, 0.5, 0.25])
  })
})

describe('with the published forms', () => {
  const rounds = { pass: { steps: 1 }, lengthFollowsSize: false }

  it('sends the sizes of each round, and stays at the last', () => {
    const fractions = { form: 'fractions', start: 0.25, end: 1, alpha: 0.5, epochs: 2 }
    expect(sizes(follow({ ...rounds, sizes: fractions }, 6))).toEqual([0.25, 0.5, 1, 0.5, 0.5, 0.5, 0.5])
  })

  it('sends samples and lets in that share of the domains', () => {
    const integers = {
      form: 'integers',
      samples: 1000,
      start: 0.3,
      end: 1,
      multiplier: 0.6,
      strategy: 'sharp_cycle',
      startIncreasing: true,
      totalSamples: 5000,
    }
    const seen = follow({ ...rounds, sizes: integers }, 5)
    expect(sizes(seen)).toEqual([300, 500, 834, 1000, 300, 500])
    expect(seen.map(({ weights }) => weights.filter((weight) => weight > 0).length)).toEqual([
      2, 2, 4, 4, 2, 2,
    ])
  })

  it('repeats sizes, and adds parts', () => {
    const repeated = {
      form: 'repeated',
      direction: 'bigger_to_lower',
      edge: 0.5,
      repeat: 2,
      alpha: 0.5,
      epochs: 4,
    }
    expect(sizes(follow({ ...rounds, sizes: repeated }, 5))).toEqual([1, 1, 0.5, 0.5, 0.5, 0.5])
    const cumulative = { form: 'cumulative', weights: [1, 3], epochs: [2, 1] }
    expect(sizes(follow({ ...rounds, sizes: cumulative }, 3))).toEqual([0.25, 0.25, 1, 1])
    expect(weightOf(follow({ ...rounds, sizes: cumulative }, 3), 0)).toEqual([1, 1, 0.1, 0.1])
  })
})

it('may be one phase of a longer schedule', () => {
  const preset = { name: 'cyclic-curriculum', pass: { steps: 2 } }
  const seen = drive(
    {
      phases: [{ policy: 'schedule', config: { preset }, until: { steps: 6 } }, { policy: 'uniform' }],
    },
    run,
    7,
  )
  expect(sizes(seen).slice(0, 6)).toEqual([0.25, 0.5, 1, 1, 0.5, 0.25])
  expect(seen[7]!.weights).toEqual([0.25, 0.25, 0.25, 0.25])
})

it.each<[object, string]>([
  [{ order: ['easy', 'hard'] }, 'preset.order: expected every domain once'],
  [{ pass: {} }, 'preset.pass: expected exactly one of'],
  [{ alpha: 0 }, 'preset.alpha: expected a number above 0'],
  [{ sizes: {} }, 'preset.sizes.form: expected one of'],
  [
    { sizes: { form: 'repeated', edge: 1 } },
    'expected direction, repeat, alpha, epochs for the form repeated',
  ],
  [{ sizes: { form: 'cumulative', weights: [1], epochs: [1], edge: 1 } }, 'remove edge'],
  [{ sizes: { form: 'cumulative', weights: [1], epochs: 3 } }, 'preset.sizes.epochs: expected a list'],
  [{ sizes: { form: 'cumulative', weights: [1, 1], epochs: [3] } }, 'expected 2 numbers'],
  [{ sizes: { form: 'fractions', start: 0, end: 1, alpha: 0.5, epochs: 3 } }, 'these never do'],
  [
    { sizes: { form: 'fractions', start: 0.1, end: 1, alpha: 0.5, epochs: 3000 } },
    'preset.sizes: expected at most 5000 changes of size in a run of 4 domains',
  ],
])('refuses %j', (given, sentence) => {
  const said = problemsOf({ preset: { name: 'cyclic-curriculum', ...given } }, run)
  expect(said).toContainEqual(expect.stringContaining(sentence))
})
