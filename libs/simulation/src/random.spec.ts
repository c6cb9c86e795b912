import { describe, expect, it } from 'vitest'
import { randomFor, xoshiro128 } from './random.js'

describe('xoshiro128**', () => {
  it('gives the reference sequence from the state 1, 2, 3, 4', () => {
    const random = xoshiro128(1, 2, 3, 4)
    // The first ten outputs of the authors' C code.
    expect(Array.from({ length: 10 }, () => random.next())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })
})

describe('randomFor', () => {
  it('gives the same numbers for the same keys, whatever was drawn elsewhere, and these for ever', () => {
    const draw = () => {
      const random = randomFor(7, 3, 1)
      return [random.next(), random.next(), random.next()]
    }
    const before = draw()
    randomFor(7, 3, 0).next()
    expect(draw()).toEqual(before)
    expect(before).toEqual([1278278421, 2900969916, 2630691177])
  })

  it('gives unrelated numbers for neighbouring keys', () => {
    const firsts = new Set<number>()
    for (let seed = 0; seed < 10; seed++)
      for (let step = 0; step < 100; step++)
        for (let rank = 0; rank < 10; rank++) firsts.add(randomFor(seed, step, rank).next())
    // 10,000 draws of 2³² collide 0.01 times by chance.
    expect(firsts.size).toBeGreaterThan(9_997)
    expect(randomFor(1, 2).next()).not.toBe(randomFor(2, 1).next())
    expect(randomFor(2 ** 40).next()).not.toBe(randomFor(2 ** 41).next())
  })

  it('is uniform in [0, 1) and about normal with variance 1', () => {
    const random = randomFor(1)
    const count = 20_000
    let [sum, square, mean] = [0, 0, 0]
    for (let i = 0; i < count; i++) {
      const u = random.uniform()
      expect(u >= 0 && u < 1).toBe(true)
      mean += u / count
      const g = random.gauss()
      sum += g / count
      square += (g * g) / count
    }
    // Five standard errors: 5·√(1/12)/√20000, 5/√20000, and 5·√1.7/√20000.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.0103)
    expect(Math.abs(sum)).toBeLessThan(0.0354)
    expect(Math.abs(square - 1)).toBeLessThan(0.0462)
  })
})
