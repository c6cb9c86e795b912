import { expect, it } from 'vitest'
import { spendGreedily, spreadEvenly } from './spend-greedily.js'

const root = (worth: readonly number[]) => (i: number, count: number) =>
  worth[i]! * (Math.sqrt(count + 1) - Math.sqrt(count))

it('gives each next unit to whoever gains most, ties to the lower index', () => {
  expect(spendGreedily({ counts: [0, 0], caps: [9, 9], budget: 5, gain: root([2, 1]) })).toEqual([4, 1])
  expect(spendGreedily({ counts: [0, 0, 0], caps: [9, 9, 9], budget: 4, gain: root([1, 1, 1]) })).toEqual([
    2, 1, 1,
  ])
})

it('keeps to the caps, and spreads evenly what nobody gains by', () => {
  expect(spendGreedily({ counts: [1, 0], caps: [2, 9], budget: 4, gain: root([9, 1]) })).toEqual([2, 3])
  expect(spendGreedily({ counts: [0, 0, 5], caps: [9, 9, 9], budget: 5, gain: () => 0 })).toEqual([2, 2, 6])
  expect(spendGreedily({ counts: [0], caps: [1], budget: 5, gain: () => 1 })).toEqual([1])
})

it('leaves unspent what is too little for a unit, where units have a cost', () => {
  const costs = [3, 2]
  const spent = spendGreedily({
    counts: [0, 0],
    caps: [9, 9],
    budget: 6.5,
    gain: root([1, 0.5]),
    cost: (i) => costs[i]!,
  })
  expect(spent).toEqual([1, 1])
})

it('spreads an amount in the order of the receivers, around those that are full', () => {
  const counts = [0, 0, 0, 7]
  expect(spreadEvenly(counts, [1, 9, 9, 9], 7, [0, 1, 2])).toBe(0)
  expect(counts).toEqual([1, 3, 3, 7])
  expect(spreadEvenly(counts, [1, 4, 3, 9], 4, [0, 1, 2])).toBe(3)
  expect(spreadEvenly(counts, counts, 4, [])).toBe(4)
})
