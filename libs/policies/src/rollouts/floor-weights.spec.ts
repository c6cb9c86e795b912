import { expect, it } from 'vitest'
import { floorWeights } from './floor-weights.js'

const near = (got: readonly number[], expected: readonly number[]) =>
  expected.forEach((one, i) => expect(got[i]).toBeCloseTo(one, 4))

it('keeps the floor for sure by mixing: (1, 0, 0) with 0.05 gives (0.90, 0.05, 0.05)', () => {
  near(floorWeights([1, 0, 0], 0.05, 'mixing'), [0.9, 0.05, 0.05])
})

it('ends below it by clamping and dividing: (0.9091, 0.0455, 0.0455)', () => {
  near(floorWeights([1, 0, 0], 0.05, 'clamping'), [0.9091, 0.04545, 0.04545])
})

it('is a mixture at the largest floor there can be, and beyond it by clamping', () => {
  near(floorWeights([1, 0, 0], 1 / 3, 'mixing'), [1 / 3, 1 / 3, 1 / 3])
  near(floorWeights([0.5, 0.5, 0], 0.7, 'clamping'), [1 / 3, 1 / 3, 1 / 3])
})

it('does nothing for a floor of 0, in either way', () => {
  expect(floorWeights([0.7, 0.3, 0], 0, 'mixing')).toEqual([0.7, 0.3, 0])
  expect(floorWeights([0.7, 0.3, 0], 0, 'clamping')).toEqual([0.7, 0.3, 0])
})
