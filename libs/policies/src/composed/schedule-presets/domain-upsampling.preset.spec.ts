import { describe, expect, it } from 'vitest'
import { drive, phases, problemsOf, start, weightOf } from '../schedule.fixture.js'

const base = { large: 34.35, small: 36.7, specific: 7.17, code: 21.78 }
const upsampled = { small: 30, specific: 35, code: 35 }
const run = start(base, { tokens: 1000 })
const config = (given: object = {}) => ({
  preset: { name: 'domain-upsampling', base, upsampled, ...given },
})
/** Twenty steps of 50 tokens, by weight. */
const follow = (given: object = {}, among = run) =>
  drive(config(given), among, 20, { losses: () => [2, 2, 2, 2], tokens: 12.5 })

describe('the published mixtures', () => {
  it('change once, at (1 − window) of the run inclusive, and the zero of the large domain is exact', () => {
    const seen = follow()
    expect(phases(seen).indexOf(2)).toBe(16)
    expect(seen[15]!.weights[0]).toBeCloseTo(0.3435, 14)
    expect(seen.slice(16).map(({ weights }) => weights)).toEqual(new Array(5).fill([0, 0.3, 0.35, 0.35]))
    expect(seen.filter(({ proposal }) => proposal.kind === 'reweigh')).toHaveLength(1)
  })

  it('give code 24.424 % and the large crawl 27.48 % of a run with a window of 20 %', () => {
    const read = follow().slice(0, 20)
    const mean = (i: number) => weightOf(read, i).reduce((sum, weight) => sum + weight / 20, 0)
    expect(mean(3)).toBeCloseTo(0.24424, 12)
    expect(mean(0)).toBeCloseTo(0.2748, 12)
  })
})

it('never changes with a window of 0, and at once with a window of 1', () => {
  expect(weightOf(follow({ window: 0 }), 0).every((weight) => Math.abs(weight - 0.3435) < 1e-14)).toBe(true)
  expect(weightOf(follow({ window: 1 }), 0)).toEqual(new Array(21).fill(0))
})

it('starts from the weights of the run where no base is given', () => {
  expect(follow({ base: {} })[0]!.weights).toEqual(run.weights)
})

it('takes the length of the run from its parameters too', () => {
  const endless = start(base)
  expect(phases(follow({ total: { steps: 10 } }, endless)).indexOf(2)).toBe(8)
  expect(phases(follow({ total: { tokens: 500 } }, endless)).indexOf(2)).toBe(8)
})

it.each<[object, object, string]>([
  [{}, start(base), 'preset.window: expected a run that declares its horizon'],
  [{ upsampled: {} }, run, 'preset.upsampled: expected the weights of the window, got none'],
  [{ window: 1.2 }, run, 'preset.window: expected a number at least 0 and at most 1, got 1.2'],
  [{ total: {} }, run, 'preset.total: expected exactly one of steps, tokens'],
  [{ upsampled: { smal: 1 } }, run, 'smal is no domain of this run'],
])('refuses %j', (given, among, sentence) => {
  expect(problemsOf(config(given), among as typeof run)).toContainEqual(expect.stringContaining(sentence))
})
