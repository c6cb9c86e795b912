import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { grape } from './grape.policy.js'
import type { EvaluationFact, StepFact } from '../policy.js'
import { sum } from '../numerics/sum.js'

type Config = typeof grape.defaults
const configured = (config: Partial<Config>): Config => ({
  ...grape.defaults,
  tasks: ['general', 'target'],
  learningRate: 1e-3,
  ...config,
})
const start = {
  domains: ['a', 'b', 'c'].map((name) => ({ name })),
  weights: [0.5, 0.3, 0.2],
}
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))
const normalised = (values: readonly number[]) => values.map((value) => value / sum(values))

/** Rows are domains, columns the two tasks; `null` for a domain that reports nothing. */
function step(
  rows: readonly (readonly [number, number] | null)[],
  further: StepFact['signals'] = {},
  number = 1,
): StepFact {
  const reports = rows.map((row) => Number(row !== null))
  return {
    kind: 'step',
    step: number,
    present: rows.map(() => true),
    tokens: rows.map(() => 10),
    lossSum: rows.map(() => 20),
    signals: {
      'taskAlignment.general': rows.map((row) => row?.[0] ?? 0),
      'taskAlignment.target': rows.map((row) => row?.[1] ?? 0),
      gradientReports: reports,
      ...further,
    },
    inForce: start.weights,
  }
}
const evaluation = (number: number, scores: EvaluationFact['scores']): EvaluationFact => ({
  kind: 'evaluation',
  step: number,
  loss: [],
  scores,
})

const fresh = (config: Config) => grape.initialState(config, start)
const rows = [
  [2, -1],
  [0, 3],
  [1, 1],
] as const

describe('GRAPE', () => {
  it('weighs slow tasks up, then domains by their gradients’ agreement with the tasks so weighed', () => {
    const state = grape.evolve(configured({}), fresh(configured({})), step(rows))
    // Rates under the mixture in force: (0.5·2 + 0.2·1, −0.5 + 0.9 + 0.2).
    const tasks = normalised([Math.exp(-0.1 * 1.2), Math.exp(-0.1 * 0.6)])
    expectNear(state.taskWeights, tasks, 14)
    const agreement = rows.map(([general, target]) => tasks[0]! * general + tasks[1]! * target)
    expectNear(state.weights, normalised(agreement.map((b, k) => start.weights[k]! * Math.exp(0.1 * b))), 14)
    expect(state.taskWeights[1]).toBeGreaterThan(state.taskWeights[0]!)
  })

  it('starts with all tasks alike, and leaves them so while they improve alike', () => {
    const state = grape.evolve(
      configured({}),
      fresh(configured({})),
      step([
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
    )
    expectNear(state.taskWeights, [0.5, 0.5], 15)
    expectNear(state.weights, start.weights, 15)
  })

  it('takes rates from signals of their own, added up over domains', () => {
    const config = configured({ taskRates: 'signals' })
    const whole = { 'taskRate.general': [1.2, 0, 0], 'taskRate.target': [0, 0, 0.6] }
    const state = grape.evolve(config, fresh(config), step(rows, whole))
    const own = grape.evolve(configured({}), fresh(configured({})), step(rows))
    expectNear(state.weights, own.weights, 14)
    expect(grape.signals(config)).toContain('taskRate.target')
  })

  it('takes rates from how fast evaluations of the tasks fell', () => {
    const config = configured({ taskRates: 'evaluations', taskDivisor: 0.01 })
    expect(grape.evaluations!(config)).toEqual({ scores: ['general', 'target'] })
    let state = grape.evolve(config, fresh(config), evaluation(100, { general: 4, target: 2 }))
    expectNear(state.taskWeights, [0.5, 0.5], 15)
    state = grape.evolve(config, state, evaluation(200, { general: 3, target: 2, other: 1 }))
    // ln(4/3) in 100 steps, against nothing.
    expectNear(state.taskWeights, normalised([Math.exp(-Math.log(4 / 3)), 1]), 14)
    const told = grape.evolve(config, state, step(rows))
    expect(told.taskWeights).toEqual(state.taskWeights)
    expect(told.weights).not.toEqual(state.weights)
  })

  it('ignores evaluations that are no loss, and a task that was not evaluated', () => {
    const config = configured({ taskRates: 'evaluations' })
    let state = grape.evolve(config, fresh(config), evaluation(100, { general: 4, target: 2 }))
    for (const scores of [{}, { general: 0 }, { general: -1, target: Infinity }])
      state = grape.evolve(config, state, evaluation(150, scores))
    expectNear(state.taskWeights, [0.5, 0.5], 15)
    expect(state.evaluated).toEqual([
      { step: 100, loss: 4 },
      { step: 100, loss: 2 },
    ])
  })

  it('lets a domain keep its share that does not report', () => {
    const state = grape.evolve(configured({}), fresh(configured({})), step([[2, -1], null, [1, 1]]))
    expect(state.weights[1]).toBeCloseTo(0.3, 15)
    expect(state.weights[0]! + state.weights[2]!).toBeCloseTo(0.7, 15)
    expect(state.weights[2]! / state.weights[0]!).toBeGreaterThan(0.2 / 0.5)
  })

  it('reads the learning rate from the step where none is configured', () => {
    const config = configured({ learningRate: null })
    const told = step(rows, { learningRate: [1e-3, 1e-3, 1e-3] })
    expectNear(
      grape.evolve(config, fresh(config), told).weights,
      grape.evolve(configured({}), fresh(configured({})), step(rows)).weights,
      14,
    )
    expect(grape.evolve(config, fresh(config), step(rows)).updates).toBe(0)
  })

  it('changes nothing between updates or without reports, and says what is missing', () => {
    const config = configured({ updateEvery: 100 })
    const state = fresh(config)
    expect(grape.evolve(config, state, step(rows, {}, 99))).toBe(state)
    expect(grape.evolve(config, state, step([null, null, null], {}, 100))).toBe(state)
    expect(grape.evolve(config, state, step(rows, {}, 100)).updates).toBe(1)
    expect(grape.decide(config, state, start.weights)).toEqual({
      kind: 'hold',
      because: expect.stringContaining('`taskAlignment.target`, `gradientReports`'),
    })
  })

  it('names the slowest task and shows the weights of all', () => {
    const config = configured({})
    const proposal = grape.decide(config, grape.evolve(config, fresh(config), step(rows)), start.weights)
    if (proposal.kind !== 'reweigh') throw new Error('expected weights')
    expect(proposal.because.summary).toContain('target counts most')
    expect(Object.keys(proposal.controls!['taskWeights'] as object)).toEqual(['general', 'target'])
    expect(Object.keys(proposal.because.parts)).toEqual(['alignment'])
  })

  it('refuses to have no task, odd names, or one twice', () => {
    const problems = (tasks: readonly string[]) => {
      const result = configure(grape, { tasks }, start)
      return result.ok ? [] : result.problems
    }
    expect(problems(['mmlu', 'gsm_8k'])).toEqual([])
    expect(problems([])).toEqual([expect.stringContaining('at least one')])
    expect(problems(['a b', 'c'])).toEqual([expect.stringContaining('a b')])
    expect(problems(['c', 'c'])).toEqual([expect.stringContaining('more than once')])
  })
})
