import { describe, expect, it } from 'vitest'
import {
  blend,
  columnSums,
  normaliseInteraction,
  probeMixture,
  solveInteraction,
  type Interaction,
} from './aioli-interaction.js'

const matrix = [
  [0.3, 0.05, 0],
  [0.1, 0.2, -0.02],
  [0, 0.1, 0.4],
]
const all = [true, true, true]
const expectNear = (got: Interaction, expected: Interaction, digits: number) =>
  expected.forEach((row, i) => row.forEach((entry, j) => expect(got[i]![j]).toBeCloseTo(entry, digits)))
/** What probes would measure: B = A · Pᵀ. */
const falls = (probes: Interaction) =>
  matrix.map((row) => probes.map((probe) => probe.reduce((total, weight, j) => total + weight * row[j]!, 0)))

describe('interactions of domains', () => {
  it('are normalised to the column sums of the specification', () => {
    const sums = columnSums(normaliseInteraction(matrix, all))
    const expected = [0.3511450382, 0.3129770992, 0.3358778626]
    expected.forEach((total, j) => expect(sums[j]).toBeCloseTo(total, 9))
  })

  it('are recovered exactly from what probes measure', () => {
    for (const oneHotFactor of [0.4, 0.625, 0.9, 1]) {
      const probes = matrix.map((_, j) => probeMixture(3, j, oneHotFactor))
      const request = { oneHotFactor, diagonal: false, bent: [null, null, null] }
      expectNear(solveInteraction(falls(probes), request)!, matrix, 13)
    }
  })

  it('are recovered from probes that guard rails bent, unless those were alike', () => {
    const probes = [
      [0.7, 0.2, 0.1],
      [0.2, 0.6, 0.2],
      [0.1, 0.1, 0.8],
    ]
    const request = { oneHotFactor: 0.8, diagonal: false, bent: [probes[0]!, probes[1]!, null] }
    expectNear(solveInteraction(falls(probes), request)!, matrix, 13)
    expect(solveInteraction(matrix, { ...request, bent: [probes[0]!, probes[0]!, null] })).toBeUndefined()
  })

  it('can be those of a domain with itself alone', () => {
    const request = { oneHotFactor: 0.5, diagonal: true, bent: [null, null, null] }
    expect(solveInteraction(matrix, request)).toEqual([
      [0.6, 0, 0],
      [0, 0.4, 0],
      [0, 0, 0.8],
    ])
    expect(solveInteraction(matrix, { ...request, oneHotFactor: 1 })).toEqual(matrix)
  })

  it('are equal where the published code divides 0 by 0', () => {
    for (const entry of [0, -0.3, 0.7]) {
      const equal = [
        [entry, entry],
        [entry, entry],
      ]
      expectNear(
        normaliseInteraction(equal, [true, true]),
        [
          [0.25, 0.25],
          [0.25, 0.25],
        ],
        15,
      )
    }
  })

  it('leave out rows that were not measured', () => {
    expect(
      normaliseInteraction(
        [
          [9, -9],
          [1, 3],
        ],
        [false, true],
      ),
    ).toEqual([
      [0, 0],
      [0.25, 0.75],
    ])
  })

  it('are averaged with the older ones', () => {
    expect(blend([[1]], [[3]], 0.25)).toEqual([[2.5]])
  })

  it('are probed with mostly one domain', () => {
    expect(probeMixture(3, 1, 0.5)).toEqual([0.25, 0.5, 0.25])
    expect(probeMixture(1, 0, 0.5)).toEqual([1])
  })
})
