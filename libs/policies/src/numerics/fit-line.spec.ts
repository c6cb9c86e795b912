import { describe, expect, it } from 'vitest'
import { fitLine } from './fit-line.js'

const anywhere = { lowest: -Infinity, highest: Infinity }

describe('a line through points', () => {
  it('is exact where the points lie on one', () => {
    const { constant, slope } = fitLine([1, 2, 4], [5, 7, 11], [1, 1, 1], anywhere)
    expect(constant).toBeCloseTo(3, 12)
    expect(slope).toBeCloseTo(2, 12)
  })

  it('follows the weights', () => {
    const { constant } = fitLine([0, 0], [1, 2], [3, 1], anywhere)
    expect(constant).toBeCloseTo(1.25, 12)
  })

  it('is flat through the mean where it would fall', () => {
    expect(fitLine([1, 2], [4, 2], [1, 1], anywhere)).toEqual({ constant: 3, slope: 0 })
  })

  it('has its constant on the edge that it would cross, and the best slope for that', () => {
    const low = fitLine([1, 2], [1, 3], [1, 1], { lowest: 0, highest: 5 })
    expect(low.constant).toBe(0)
    expect(low.slope).toBeCloseTo(7 / 5, 12)
    const high = fitLine([1, 2], [8, 9], [1, 1], { lowest: 0, highest: 5 })
    expect(high.constant).toBe(5)
    expect(high.slope).toBeCloseTo((3 + 2 * 4) / 5, 12)
  })
})
