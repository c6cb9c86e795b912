import { describe, expect, it } from 'vitest'
import { influence, isolatedDomains, prerequisites, skillWeights, type SkillGraph } from './skill-graph.js'

const graphOf = (rows: SkillGraph['rows'], given: Partial<SkillGraph> = {}): SkillGraph => ({
  rows,
  edgeOfOne: 0.5,
  diagonalOfOne: false,
  columns: rows === null ? [0, 1, 2] : rows[0]!.map((_, column) => column),
  targeted: false,
  columnsAreDomains: true,
  ...given,
})
const rows = [
  [1, 1, 0],
  [-0.4, 1, 0.6],
  [0, 0, 0.2],
]

describe('a graph of skills', () => {
  it('adds up edges times losses; 1 off the diagonal counts 0.5', () => {
    expect(influence(graphOf(rows), 3, [2, 4, 10])).toEqual([4, 9.2, 2])
    expect(influence(graphOf(rows, { edgeOfOne: 1, diagonalOfOne: true }), 3, [2, 4, 10])).toEqual([
      6, 9.2, 10,
    ])
  })

  it('is the identity where there is none, also for chosen columns', () => {
    expect(influence(graphOf(null), 3, [2, 4, 10])).toEqual([2, 4, 10])
    expect(influence(graphOf(null, { columns: [2, 0] }), 3, [2, 4])).toEqual([4, 0, 2])
  })

  it('halves positive edges off the diagonal in a square', () => {
    expect(influence(graphOf(rows), 3, [2, 4, 10], 2)).toEqual([2 + 0.125 * 4, -0.8 + 4 + 0.15 * 10, 2])
  })

  it('halves all positive edges otherwise, but never that of a target to itself', () => {
    const targeted = graphOf(rows, { columns: [1], targeted: true })
    expect(influence(targeted, 3, [4], 1)).toEqual([0.25 * 4, 4, 0])
    const foreign = graphOf(
      [
        [1, 0.5],
        [0.5, 1],
        [0, 0],
      ],
      { columnsAreDomains: false },
    )
    expect(influence(foreign, 3, [1, 1], 1)).toEqual([0.75, 0.75, 0])
  })

  it('stays finite for any loss', () => {
    for (const value of influence(graphOf(rows), 3, [1e308, -1e308, 1e300]))
      expect(Number.isFinite(value)).toBe(true)
  })

  it('knows who stands alone, and who helps a target', () => {
    expect(isolatedDomains(graphOf(rows), 3)).toEqual([false, false, false])
    expect(
      isolatedDomains(
        graphOf([
          [1, 0, 0],
          [0, 1, 1],
          [0, 0, 1],
        ]),
        3,
      ),
    ).toEqual([true, false, false])
    expect(isolatedDomains(graphOf(null), 2)).toEqual([true, true])
    expect(prerequisites(graphOf(rows, { columns: [2], targeted: true }), 3)).toEqual([false, true, true])
  })

  it('turns exponents into weights, by a prior, and beside isolated domains', () => {
    const third = skillWeights([Math.log(2), 0, 5], [1, 1, 0], null)
    expect(third[0]).toBeCloseTo(2 / 3, 15)
    expect(third[2]).toBe(0)
    const apart = skillWeights([Math.log(3), 0, 700], null, [false, false, true])
    expect(apart[0]).toBeCloseTo(0.5, 15)
    expect(apart[2]).toBeCloseTo(1 / 3, 15)
    expect(skillWeights([1, 2], null, [true, true])).toEqual([0.5, 0.5])
  })
})
