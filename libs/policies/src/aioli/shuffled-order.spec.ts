import { describe, expect, it } from 'vitest'
import { randomAt, scramble, shuffledOrder } from './shuffled-order.js'

describe('a seeded order', () => {
  it('scrambles as MurmurHash3 does: its published hashes of nothing, by seed', () => {
    expect([0, 1, 0xffffffff].map(scramble)).toEqual([0, 0x514e28b7, 0x81f16f39])
  })

  it('holds every index once, and is the same for the same seed and place', () => {
    for (const length of [0, 1, 2, 7, 100]) {
      const order = shuffledOrder(length, 3, 11)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i))
      expect(shuffledOrder(length, 3, 11)).toEqual(order)
    }
    expect(shuffledOrder(20, 3, 12)).not.toEqual(shuffledOrder(20, 3, 11))
    expect(shuffledOrder(20, 4, 11)).not.toEqual(shuffledOrder(20, 3, 11))
  })

  it('puts every index everywhere about equally often, and takes length − 1 numbers', () => {
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0])
    for (let i = 0; i < 8000; i++)
      shuffledOrder(4, 7, 3 * i).forEach((index, place) => counts[place]![index]!++)
    for (const count of counts.flat()) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })

  it('draws numbers below 2³² that spread evenly', () => {
    const numbers = Array.from({ length: 10_000 }, (_, place) => randomAt(0, place) / 2 ** 32)
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(numbers.reduce((a, b) => a + b, 0) / numbers.length).toBeCloseTo(0.5, 1)
    expect(new Set(numbers).size).toBeGreaterThan(9990)
  })
})
