import { expect, it } from 'vitest'
import { keepFinite } from './keep-finite.js'

it('clamps so far inside the range of doubles that a million of them can be added', () => {
  expect([3, -3, 0].map(keepFinite)).toEqual([3, -3, 0])
  expect([1e300, Infinity].map((value) => keepFinite(value) * 1e6)).toEqual([1e296, 1e296])
  expect(keepFinite(-Infinity)).toBe(-1e290)
})
