import { expect, it } from 'vitest'
import { roundHalfEven } from './round-half-even.js'

it('rounds to the nearest whole number, halves to the even one', () => {
  expect([0.5, 1.5, 2.5, 3.5, -0.5, -1.5].map(roundHalfEven)).toEqual([0, 2, 2, 4, 0, -2])
  expect([0.49, 0.51, 7, -0.51, 1e300].map(roundHalfEven)).toEqual([0, 1, 7, -1, 1e300])
})
