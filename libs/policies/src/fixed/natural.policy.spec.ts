import { expect, it } from 'vitest'
import { configure } from '../configure.js'
import { natural } from './natural.policy.js'

const run = (...tokens: number[]) => ({
  domains: tokens.map((count, i) => ({ name: `d${i}`, tokens: count })),
  weights: tokens.map(() => 1 / tokens.length),
})

it('weighs domains by their tokens', () => {
  expect(natural.initialState({ temperature: 1 }, run(300, 100, 0))).toEqual({ weights: [0.75, 0.25, 0] })
})

it('flattens by the temperature, at any size of corpus', () => {
  const { weights } = natural.initialState({ temperature: 2 }, run(9e300, 1e300))
  expect(weights[0]).toBeCloseTo(0.75, 14)
  const hot = natural.initialState({ temperature: 1e9 }, run(1e12, 1)).weights
  expect(hot[0]).toBeCloseTo(0.5, 6)
})

it('says which domains lack tokens', () => {
  const start = { domains: [{ name: 'code', tokens: 5 }, { name: 'web' }], weights: [0.5, 0.5] }
  expect(configure(natural, {}, start)).toEqual({
    ok: false,
    problems: [expect.stringContaining('but web declares none')],
  })
  expect(configure(natural, {}, run(0, 0))).toEqual({
    ok: false,
    problems: [expect.stringContaining('every domain declares 0')],
  })
})
