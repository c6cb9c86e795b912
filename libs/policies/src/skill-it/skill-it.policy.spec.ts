import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import type { EvaluationFact } from '../policy.js'
import { skillIt } from './skill-it.policy.js'
import { sum } from '../numerics/sum.js'

type Config = typeof skillIt.defaults
type Losses = readonly (number | null)[]
const configured = (config: Partial<Config>): Config => ({ ...skillIt.defaults, ...config })
const startWith = (domains: number) => ({
  domains: Array.from({ length: domains }, (_, i) => ({ name: `d${i}` })),
  weights: Array.from({ length: domains }, () => 1 / domains),
})
const evaluation = (step: number, loss: Losses, scores: EvaluationFact['scores'] = {}) =>
  ({ kind: 'evaluation', step, loss, scores }) as const
const run = (config: Config, domains: number, ...evaluations: readonly Losses[]) =>
  evaluations.reduce(
    (state, loss, i) => skillIt.evolve(config, state, evaluation(i + 1, loss)),
    skillIt.initialState(config, startWith(domains)),
  )
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))
const shares = (exponents: readonly number[]) => {
  const powers = exponents.map(Math.exp)
  return powers.map((power) => power / sum(powers))
}

const lego = [
  [1, 0, 0, 0, 0],
  [1, 1, 1, 1, 0],
  [0, 0, 1, 0, 0],
  [0, 0, 0, 1, 0],
  [0, 0, 0, 0, 1],
]
const evaluations = [
  [0.5, 0.6, 0.7, 0.7, 0.7],
  [0.2, 0.5, 0.6, 0.7, 0.7],
  [0.1, 0.3, 0.5, 0.7, 0.7],
]

describe('Skill-It against the numbers of the published formula', () => {
  it('begins with the weights of the graph, as if every loss were 1', () => {
    const { weights } = run(configured({ graph: lego }), 5)
    expectNear(weights, [0.1634788, 0.3460847, 0.1634788, 0.1634788, 0.1634788], 7)
    expectNear(run(configured({ graph: lego, mode: 'static' }), 5, ...evaluations).weights, weights, 15)
  })

  it('sums the last three evaluations', () => {
    const { weights, rows } = run(configured({ graph: lego }), 5, [9, 9, 9, 9, 9], ...evaluations)
    expect(rows).toEqual(evaluations)
    expectNear(weights, [0.0921588, 0.4028293, 0.1519441, 0.1765339, 0.1765339], 7)
  })

  it('takes the mean, and only the columns of the targets, where there are targets', () => {
    const config = configured({ graph: lego, targetSkills: ['d2'] })
    expectNear(
      run(config, 5, ...evaluations).weights,
      [0.1814325, 0.2107944, 0.2449082, 0.1814325, 0.1814325],
      7,
    )
  })

  it('follows the losses where the graph is the identity', () => {
    expectNear(run(configured({}), 3, [1, 2, 3]).weights, [0.1863237, 0.3071959, 0.5064804], 7)
  })

  it('is uniform for equal entries or no step size; a row of zeros has the least weight', () => {
    const equal = [0.3, 0.3, 0.3]
    expectNear(run(configured({ graph: [equal, equal, equal] }), 3, [1, 5, 2]).weights, shares([0, 0, 0]), 15)
    expectNear(
      run(configured({ graph: lego, stepSize: 0 }), 5, evaluations[0]!).weights,
      shares([0, 0, 0, 0, 0]),
      15,
    )
    const { weights } = run(
      configured({
        graph: [
          [0.2, 0.1, 0],
          [0, 0, 0],
          [0.1, 0, 0.3],
        ],
      }),
      3,
      [1, 2, 3],
    )
    expect(Math.min(...weights)).toBe(weights[1])
  })

  it('has the exact ratio of two weights', () => {
    const graph = [
      [0.3, -0.7],
      [1.2, 0.4],
      [0, 0.9],
    ]
    const config = configured({ graph, evaluationSkills: ['law', 'code'], stepSize: 0.7 })
    const told = (state: ReturnType<typeof run>, step: number, law: number, code: number) =>
      skillIt.evolve(config, state, evaluation(step, [null, null, null], { law, code, other: 1 }))
    const { weights } = told(told(run(config, 3), 1, 2, 3), 2, 1.5, 2)
    const sums = [3.5, 5]
    const exponent = (row: number) => 0.7 * graph[row]!.reduce((all, entry, j) => all + entry * sums[j]!, 0)
    expect(weights[0]! / weights[1]!).toBeCloseTo(Math.exp(exponent(0) - exponent(1)), 12)
    expect(weights[2]! / weights[1]!).toBeCloseTo(Math.exp(exponent(2) - exponent(1)), 12)
  })
})

describe('the switches of the published code', () => {
  it('multiplies by a prior, which also stands in for the first losses', () => {
    const graph = [
      [1, 0.2],
      [0, 1],
    ]
    const config = configured({ graph, prior: { d0: 2, d1: 3 } })
    const first = [2 * Math.exp(0.5 * 2.6), 3 * Math.exp(0.5 * 3)]
    expectNear(
      run(config, 2).weights,
      first.map((power) => power / sum(first)),
      14,
    )
    const paper = [2 * Math.exp(0.5 * 1.2), 3 * Math.exp(0.5)]
    expectNear(
      run({ ...config, variant: 'paper' }, 2).weights,
      paper.map((power) => power / sum(paper)),
      14,
    )
    const later = [2 * Math.exp(0.5 * (1 + 0.2 * 4)), 3 * Math.exp(0.5 * 4)]
    expectNear(
      run(config, 2, [1, 4]).weights,
      later.map((power) => power / sum(later)),
      14,
    )
  })

  it('compares losses with the first evaluation until there is a second, then with that for good', () => {
    const config = configured({ normaliseByInitialLoss: true, window: 1 })
    expectNear(run(config, 2, [4, 2]).weights, [0.5, 0.5], 15)
    expectNear(run(config, 2, [4, 2], [3, 2]).weights, [0.5, 0.5], 15)
    expectNear(run(config, 2, [4, 2], [3, 2], [1.5, 2]).weights, shares([0.25, 0.5]), 14)
  })

  it('divides the step size by the ratio of the newest losses to those', () => {
    const config = configured({ stepSizeSchedule: true, window: 1 })
    expectNear(run(config, 2, [4, 2], [3, 2], [1.5, 1]).weights, shares([1.5, 1]), 14)
    expectNear(run(config, 2, [4, 2], [3, 2], [0, 0]).weights, [0.5, 0.5], 15)
  })

  it('halves edges after every round, and calls that the graph’s doing', () => {
    const graph = [
      [1, 0.8],
      [0, 1],
    ]
    const config = configured({ graph, halveOffDiagonals: true, window: 1, evaluationsPerRound: 2 })
    const states = [1, 2, 3, 4].map((count) => run(config, 2, ...new Array<Losses>(count).fill([2, 2])))
    const after = (edge: number) => shares([0.5 * (2 + 2 * edge), 0.5 * 2])
    ;[0.8, 0.8, 0.4, 0.4].forEach((edge, i) => expectNear(states[i]!.weights, after(edge), 14))
    const [, , third] = states
    expect(third!.moved.graph[0]).toBeLessThan(0.5 - third!.moved.losses[0]!)
    expectNear(
      third!.moved.losses.map((part, i) => 0.5 + part + third!.moved.graph[i]!),
      third!.weights,
      14,
    )
  })

  it('begins the window with the mean of the first evaluation for every skill', () => {
    const config = configured({ syntheticFirstLoss: true })
    expect(run(config, 2, [4, 2]).rows).toEqual([
      [3, 3],
      [4, 2],
    ])
    expect(run(config, 2, [4, 2], [1, 1], [1, 2]).rows).toEqual([
      [4, 2],
      [1, 1],
      [1, 2],
    ])
  })

  it('gives isolated domains an equal share', () => {
    const graph = [
      [1, 0, 0],
      [0, 1, 0.5],
      [0, 0, 1],
    ]
    const { weights } = run(configured({ graph, isolatedNodes: 'uniform' }), 3, [9, 1, 1])
    expectNear(weights, [1 / 3, ...shares([0.75, 0.5]).map((share) => (share * 2) / 3)], 14)
  })

  it('forces a stored diagonal to 1', () => {
    const config = configured({
      mode: 'static',
      graph: [
        [0, 0.2],
        [0.1, 0.4],
      ],
      diagonalOfOne: true,
    })
    expectNear(run(config, 2).weights, shares([0.6, 0.55]), 14)
  })
})

describe('rounds and evaluations', () => {
  it('counts rounds in the paper, each with the losses it began with', () => {
    const paper = configured({ variant: 'paper', window: 2, evaluationsPerRound: 2 })
    const { rows } = run(paper, 2, [9, 9], [8, 8], [4, 3], [3, 3], [2, 1], [1, 1])
    expect(rows).toEqual([
      [4, 3],
      [2, 1],
    ])
    const official = run({ ...paper, windowUnit: 'evaluation' }, 2, [9, 9], [8, 8], [4, 3])
    expect(official.rows).toEqual([
      [8, 8],
      [4, 3],
    ])
  })

  it('carries the last loss of a skill that was not evaluated, and says so', () => {
    const state = run(configured({}), 3, [1, 2, 3], [0.5, null, 2])
    expect(state.rows.at(-1)).toEqual([0.5, 2, 2])
    const proposal = skillIt.decide(configured({}), state, startWith(3).weights)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    expect(proposal.because.summary).toContain('1 of 3 skills had no loss in the newest evaluation')
  })

  it('waits until every skill was evaluated once, and takes messages of one step together', () => {
    const config = configured({})
    const fresh = skillIt.initialState(config, startWith(2))
    const half = skillIt.evolve(config, fresh, evaluation(4, [3, null]))
    expect(half.evaluations).toBe(0)
    expect(skillIt.decide(config, half, [0.5, 0.5])).toEqual({
      kind: 'hold',
      because: 'No update yet: no evaluation has given a held-out `loss` of 1 of 2 domains.',
    })
    const whole = skillIt.evolve(config, half, evaluation(4, [null, 1]))
    expectNear(whole.weights, shares([1.5, 0.5]), 14)
    const next = [evaluation(8, [2, null]), evaluation(8, [null, 2])].reduce(
      (state, fact) => skillIt.evolve(config, state, fact),
      whole,
    )
    expect(next.rows).toEqual([
      [3, 1],
      [2, 2],
    ])
    expect(next.evaluations).toBe(2)
  })

  it('names the scores it waits for', () => {
    const config = configured({ graph: [[1, 0]], evaluationSkills: ['law', 'code'], targetSkills: ['law'] })
    expect(skillIt.evaluations!(config)).toEqual({ scores: ['law'] })
    const state = skillIt.initialState(config, startWith(1))
    expect(skillIt.decide(config, state, [1])).toEqual({
      kind: 'hold',
      because: 'No update yet: no evaluation has given a score of law.',
    })
  })
})

describe('Skill-It keeps its promises', () => {
  it('is finite where the published code overflows, and forgets it with the window', () => {
    const config = configured({})
    const huge = run(config, 3, [3000, 1, 1e300])
    expectNear(huge.weights, [0, 0, 1], 15)
    const later = run(config, 3, [3000, 1, 1e300], [1, 2, 3], [1, 2, 3], [1, 2, 3])
    expectNear(later.weights, shares([1.5, 3, 4.5]), 14)
  })

  it('has a stratified baseline: equal shares for targets and what helps them', () => {
    const config = configured({ mode: 'stratified', graph: lego, targetSkills: ['d2'] })
    expectNear(run(config, 5).weights, [0, 0.5, 0.5, 0, 0], 15)
    const nothing = configured({ mode: 'stratified', graph: [[0], [-1]], evaluationSkills: ['law'] })
    expect(skillIt.decide(nothing, run(nothing, 2), [0.5, 0.5])).toMatchObject({ kind: 'hold' })
  })

  it('proposes the weights of its graph at once, but nothing where it knows nothing', () => {
    const config = configured({ graph: lego })
    expect(skillIt.decide(config, run(config, 5), startWith(5).weights)).toMatchObject({ kind: 'reweigh' })
    const blank = configured({})
    expect(skillIt.decide(blank, run(blank, 2), [0.9, 0.1])).toMatchObject({ kind: 'hold' })
  })

  it('does not care in which order domains are listed, for any graph', () => {
    const graph = [
      [0.3, -0.7, 1],
      [1, 0.4, 0],
      [0, 0.9, 0.2],
    ]
    const order = [2, 0, 1]
    const turned = order.map((i) => order.map((j) => graph[i]![j]!))
    const losses = [
      [1, 2, 3],
      [2, 1, 0.5],
    ]
    const { weights } = run(configured({ graph }), 3, ...losses)
    const other = run(configured({ graph: turned }), 3, ...losses.map((row) => order.map((i) => row[i]!)))
    expectNear(
      other.weights,
      order.map((i) => weights[i]!),
      14,
    )
  })

  it('explains a configuration that does not fit', () => {
    const problems = (config: object) => {
      const result = configure(skillIt, config, startWith(2))
      return result.ok ? '' : result.problems.join(' ')
    }
    expect(problems({ graph: [[1, 0]] })).toMatch(/expected 2 rows, one for each domain of this run, got 1/)
    expect(problems({ graph: [[1, 0], [1]] })).toMatch(/graph\[1\]: expected 2 entries/)
    expect(problems({ evaluationSkills: ['law'] })).toMatch(/need a graph/)
    expect(problems({ targetSkills: ['law', 'law'] })).toMatch(
      /got one twice.*\(d0, d1\), got law, law as well/,
    )
    expect(problems({ prior: { d0: 0, d1: 0 } })).toMatch(/above 0/)
    expect(problems({ isolatedNodes: 'uniform', evaluationSkills: ['law'], graph: [[1], [1]] })).toMatch(
      /isolatedNodes/,
    )
    expect(
      problems({
        graph: [
          [1, 0],
          [0.2, 1],
        ],
        prior: { d0: 1, d1: 2 },
        targetSkills: ['d1'],
      }),
    ).toBe('')
  })
})
