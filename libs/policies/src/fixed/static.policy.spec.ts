import { expect, it } from 'vitest'
import { configure } from '../configure.js'
import { staticMixture } from './static.policy.js'

const start = { domains: [{ name: 'code' }, { name: 'web' }], weights: [0.75, 0.25] }

it('keeps the start weights when none are given', () => {
  const config = { weights: {} }
  const state = staticMixture.initialState(config, start)
  expect(staticMixture.decide(config, state, start.weights).kind).toBe('hold')
  expect(staticMixture.decide(config, state, [0.5, 0.5])).toMatchObject({
    kind: 'reweigh',
    weights: [0.75, 0.25],
  })
})

it('takes weights by name in any scale, zeros included', () => {
  const config = { weights: { web: 0, code: 40 } }
  expect(staticMixture.initialState(config, start)).toEqual({ weights: [1, 0] })
})

it.each([
  [{ web: 1, cod: 1 }, ['weights: cod is no domain of this run, which has code, web', 'code has none']],
  [{ web: 1 }, ['expected a weight for every domain, but code has none']],
  [{ web: 0, code: 0 }, ['expected a positive sum, but every weight is 0']],
  [{ web: -1, code: 2 }, ['weights.web: expected a number at least 0, got -1']],
])('refuses %j', (weights, sentences) => {
  expect(configure(staticMixture, { weights }, start)).toEqual({
    ok: false,
    problems: sentences.map((sentence) => expect.stringContaining(sentence)),
  })
})
