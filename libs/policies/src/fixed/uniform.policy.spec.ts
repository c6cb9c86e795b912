import { expect, it } from 'vitest'
import { uniform } from './uniform.policy.js'

const start = { domains: [{ name: 'code' }, { name: 'web' }], weights: [0.9, 0.1] }

it('asks for equal weights, once', () => {
  const state = uniform.initialState({}, start)
  expect(uniform.decide({}, state, [0.75, 0.25])).toMatchObject({
    kind: 'reweigh',
    weights: [0.5, 0.5],
    because: { parts: { evening: [-0.25, 0.25] } },
  })
  expect(uniform.decide({}, state, [0.5, 0.5]).kind).toBe('hold')
})
