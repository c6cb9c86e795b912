import { describe, expect, it } from 'vitest'
import { hingedMinimum, penaltyOf, type Hinges, type Quadratic, type Triple } from './hinged-quadratic.js'

const wide = { low: -100, high: 100, below: 1, above: 1 }

/** 4x² + 3y² + 2z² + xy + yz, halved, around a minimum without bounds at (1, −2, 3) as seen from 0. */
const curvature = [4, 1, 0, 3, 1, 2] as const
const quadratic: Quadratic = { curvature, gradient: [-(4 - 2), -(1 - 6 + 3), -(-2 + 6)] }

const valueAt = ([x, y, z]: Triple, hinges: Hinges) => {
  const [c00, c01, c02, c11, c12, c22] = curvature
  const squares = (c00 * x * x + c11 * y * y + c22 * z * z) / 2
  const { gradient } = quadratic
  return (
    gradient[0] * x +
    gradient[1] * y +
    gradient[2] * z +
    squares +
    c01 * x * y +
    c02 * x * z +
    c12 * y * z +
    penaltyOf(hinges, [x, y, z])
  )
}

describe('the minimum of a quadratic with hinges', () => {
  it('is that of the quadratic where it lies between the bounds', () => {
    const end = hingedMinimum(quadratic, [wide, wide, wide], [0, 0, 0])
    ;[1, -2, 3].forEach((value, i) => expect(end[i]).toBeCloseTo(value, 12))
  })

  it('lies exactly on a bound that costs more than crossing it gains', () => {
    const hard = { low: -1, high: 0.5, below: Infinity, above: Infinity }
    const end = hingedMinimum(quadratic, [hard, hard, wide], [0, 0, 0])
    expect(end.slice(0, 2)).toEqual([0.5, -1])
    expect(end[2]).toBeCloseTo(2.5, 12)
  })

  it.each([0.01, 0.3, 2, 50])('is never beaten nearby when a unit beyond a bound costs %d', (price) => {
    const soft = { low: -0.5, high: 0.2, below: price, above: price / 2 }
    const hinges: Hinges = [soft, soft, soft]
    const end = hingedMinimum(quadratic, hinges, [0.1, 0, 0])
    // The quadratic is around [0.1, 0, 0]: move back to compare.
    const best = valueFrom(end)
    for (const size of [1e-4, 1e-2, 0.5]) {
      for (let n = 0; n < 64; n++) {
        const other = end.map((value, i) => value + size * Math.sin(7 * n + 3 * i)) as unknown as Triple
        expect(valueFrom(other)).toBeGreaterThanOrEqual(best - 1e-12)
      }
    }
    function valueFrom([x, y, z]: Triple): number {
      return valueAt([x - 0.1, y, z], [wide, wide, wide]) + penaltyOf(hinges, [x, y, z])
    }
  })
})
