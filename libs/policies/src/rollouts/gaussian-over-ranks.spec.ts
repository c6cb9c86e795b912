import { expect, it } from 'vitest'
import { gaussianOverRanks } from './gaussian-over-ranks.js'
import { sum } from '../numerics/sum.js'

const ranks = (count: number) => Array.from({ length: count }, (_, first) => ({ first, items: 1 }))
/** The published formula, item by item. */
const plain = (items: number, center: number, width: number) => {
  const values = Array.from({ length: items }, (_, i) => Math.exp(-0.5 * ((i - center) / width) ** 2))
  const total = sum(values)
  return values.map((value) => value / total)
}
const expectNear = (got: readonly number[], expected: readonly number[], within: number) =>
  got.forEach((weight, i) => expect(Math.abs(weight - expected[i]!)).toBeLessThanOrEqual(within))

it.each([
  [16, 0, 16 / 6],
  [16, 22.7, 16 / 6],
  [7, 3.25, 0.5],
  [5, -2, 3],
])('of %i single items at centre %f is the formula itself', (items, center, width) => {
  expectNear(gaussianOverRanks(ranks(items), center, width), plain(items, center, width), 1e-15)
})

it('adds up the items of a block: exactly for up to 64, from cells beyond, however wide the Gaussian', () => {
  const sums = (sizes: readonly number[], weights: readonly number[]) => {
    let first = 0
    return sizes.map((items) => sum(weights.slice(first, (first += items))))
  }
  const blocks = (sizes: readonly number[]) => {
    let next = 0
    return sizes.map((items) => ({ first: (next += items) - items, items }))
  }
  const few = [3, 1, 60]
  expectNear(gaussianOverRanks(blocks(few), 5, 4), sums(few, plain(64, 5, 4)), 1e-15)
  for (const [center, width] of [
    [2500, 1000],
    [3990, 1000],
    [4000, 3],
    [9000, 40],
    [-500, 250],
  ] as const) {
    const many = [4000, 1000, 3000]
    expectNear(gaussianOverRanks(blocks(many), center, width), sums(many, plain(8000, center, width)), 1e-4)
  }
})

it('puts all on the nearest where the centre has left every rank far behind', () => {
  expect(gaussianOverRanks(ranks(3), 1e100, 0.5)).toEqual([0, 0, 1])
  expect(gaussianOverRanks(ranks(3), -1e100, 1e-6)).toEqual([1, 0, 0])
  expect(gaussianOverRanks(ranks(1), 1e100, 1)).toEqual([1])
})
