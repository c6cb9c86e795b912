import { describe, expect, it } from 'vitest'
import { solveLinear } from './solve-linear.js'

describe('solving linear equations', () => {
  it('gives x for every right side, also where the first pivot is 0', () => {
    const solved = solveLinear(
      [
        [0, 2, 1],
        [1, 1, 0],
        [3, 0, -1],
      ],
      [
        [7, 3, 0],
        [3, 2, 2],
      ],
    )!
    expect(solved.map((x) => x.map((value) => Math.round(value * 1e12) / 1e12))).toEqual([
      [1, 2, 3],
      [1, 1, 1],
    ])
  })

  it('has no answer for rows that are too alike', () => {
    expect(
      solveLinear(
        [
          [0.5, 0.5],
          [0.5, 0.5],
        ],
        [[1, 1]],
      ),
    ).toBeUndefined()
    expect(solveLinear([[0]], [[1]])).toBeUndefined()
  })
})
