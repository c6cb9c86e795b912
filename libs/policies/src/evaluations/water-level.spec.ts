import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sum } from '../numerics/sum.js'
import { waterLevel } from './water-level.js'

it('fills the lowest first', () => {
  expect(waterLevel([3, 1, 2], 0.5)).toBe(1.5)
  expect(waterLevel([3, 1, 2], 1)).toBe(2)
  expect(waterLevel([3, 1, 2], 2)).toBe(2.5)
  expect(waterLevel([3, 1, 2], 6)).toBe(4)
  expect(waterLevel([-1], 2)).toBe(1)
})

it('stands where the water above the columns is all the water there is', () => {
  const heights = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(heights, fc.double({ min: 0.01, max: 20, noNaN: true }), (columns, volume) => {
      const level = waterLevel(columns, volume)
      const water = sum(columns.map((height) => Math.max(0, level - height)))
      expect(Math.abs(water - volume)).toBeLessThanOrEqual(1e-12)
    }),
  )
})
