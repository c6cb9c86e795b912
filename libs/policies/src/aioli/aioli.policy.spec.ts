import { describe, expect, it } from 'vitest'
import { aioli } from './aioli.policy.js'
import type { AioliState } from './aioli-state.js'
import { configure } from '../configure.js'
import type { Proposal, StepFact } from '../policy.js'

type Config = typeof aioli.defaults
const configured = (config: Partial<Config>): Config => ({
  ...aioli.defaults,
  stepsPerProbe: 2,
  updateSteps: 10,
  ...config,
})
const third = [1 / 3, 1 / 3, 1 / 3]
const startWith = (weights: readonly number[]) => ({
  domains: weights.map((_, i) => ({ name: `d${i}` })),
  weights,
})
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

type Run = {
  step: number
  current: readonly number[]
  state(): AioliState
  evaluate(loss: readonly (number | null)[], at?: number): void
  train(steps: number, inForce?: readonly number[]): void
  ask(): Proposal
  obey(): Proposal
  /** A whole round, in which training on j for a probe takes `matrix[i][j]` off the loss of i. */
  round(matrix: readonly (readonly number[])[]): Proposal
}

/** A run that does what the policy asks for, unless a guard rail says otherwise. */
function runOf(
  config: Config,
  weights: readonly number[] = third,
  guard = (wish: readonly number[]) => wish,
) {
  let state: AioliState = aioli.initialState(config, startWith(weights))
  const run: Run = {
    step: 0,
    current: weights,
    state: () => state,
    evaluate(loss, at = run.step) {
      state = aioli.evolve(config, state, { kind: 'evaluation', step: at, loss, scores: {} })
    },
    train(steps, inForce = run.current) {
      for (let i = 0; i < steps; i++) {
        const zeros = weights.map(() => 0)
        const fact: StepFact = {
          kind: 'step',
          step: ++run.step,
          present: weights.map(() => true),
          tokens: zeros,
          lossSum: zeros,
          signals: {},
          inForce,
        }
        state = aioli.evolve(config, state, fact)
      }
    },
    ask: () => aioli.decide(config, state, run.current),
    obey() {
      const proposal = run.ask()
      if (proposal.kind !== 'reweigh') return proposal
      run.current = guard(proposal.weights)
      state = aioli.evolve(config, state, { kind: 'mixture', step: run.step, weights: run.current })
      return proposal
    },
    round(matrix) {
      let losses = matrix.map(() => 5)
      run.evaluate(losses)
      do {
        run.obey()
        run.train(config.stepsPerProbe)
        const mixture = run.current
        losses = losses.map(
          (loss, i) => loss - mixture.reduce((all, share, j) => all + share * matrix[i]![j]!, 0),
        )
        run.evaluate(losses)
      } while (state.probe !== null)
      return run.obey()
    },
  }
  return run
}

const matrix = [
  [0.3, 0.05, 0],
  [0.1, 0.2, -0.02],
  [0, 0.1, 0.4],
]

describe('Aioli against the numbers of the specification', () => {
  it('takes an exponentiated step on the column sums, accumulating from round to round', () => {
    for (const oneHotFactor of [1, 0.625]) {
      const run = runOf(configured({ oneHotFactor }))
      run.round(matrix)
      expectNear(run.current, [0.3345212522, 0.3319773767, 0.3335013711], 9)
      run.train(4)
      run.round(matrix)
      expectNear(run.current, [0.3357101032, 0.3306236845, 0.3336662124], 9)
    }
  })

  it('with an average starts from uniform in every round', () => {
    const run = runOf(configured({ ema: 0.3 }))
    run.round(matrix)
    run.train(4)
    run.round(matrix)
    expectNear(run.current, [0.3345212522, 0.3319773767, 0.3335013711], 9)
    const other = runOf(configured({ ema: 0.3 }))
    other.round(matrix)
    const before = other.state().interaction!
    other.train(4)
    other.round(matrix.map((row) => row.map((_, j) => j)))
    const { average, interaction } = other.state()
    expect(average![1]![2]).toBeCloseTo(0.7 * interaction![1]![2]! + 0.3 * before[1]![2]!, 14)
  })

  it('ignores the first mixture in the first round, unless told to accumulate from it', () => {
    const skewed = [0.7, 0.2, 0.1]
    const official = runOf(configured({}), skewed)
    official.round(matrix)
    expectNear(official.current, [0.3345212522, 0.3319773767, 0.3335013711], 9)
    const kept = runOf(configured({ accumulateFrom: 'start' }), skewed)
    kept.round(matrix)
    const ratio = (0.3345212522 * 0.7) / (0.3319773767 * 0.2)
    expect(kept.current[0]! / kept.current[1]!).toBeCloseTo(ratio, 8)
  })

  it('averages over sweeps, each in an order of its own', () => {
    const run = runOf(configured({ sweeps: 2, updateSteps: 20 }))
    expect(run.state().order).toHaveLength(6)
    run.round(matrix)
    expectNear(run.current, [0.3345212522, 0.3319773767, 0.3335013711], 9)
  })

  it('is uniform where nothing changes, which is 0/0 in the published code', () => {
    const run = runOf(configured({}), [0.6, 0.3, 0.1])
    run.round(matrix.map((row) => row.map(() => 0)))
    expectNear(run.current, third, 15)
  })
})

describe('a round of Aioli', () => {
  it('waits for an evaluation, probes in the order of its state, trains for the rest, and begins again', () => {
    const run = runOf(configured({ seed: 4 }))
    expect(run.ask()).toEqual({
      kind: 'hold',
      because: 'No update yet: the first probe waits for an evaluation with held-out `loss` of the domains.',
    })
    run.train(3)
    run.evaluate([3, 3, 3])
    const { order } = run.state()
    for (const domain of order) {
      expect(run.obey()).toMatchObject({ kind: 'reweigh', controls: { evaluateAfterSteps: 2 } })
      expect(run.current[domain]).toBe(1)
      run.train(2)
      run.evaluate([3, 2.9, 2.8])
    }
    expect(run.state().phase).toBe('training')
    expect(run.obey()).toMatchObject({ kind: 'reweigh', controls: { evaluateAfterSteps: 4 } })
    run.train(2)
    run.evaluate([2, 2, 2])
    run.train(1)
    expect(run.state().phase).toBe('training')
    run.train(1)
    expect(run.state().phase).toBe('waiting')
    expect(run.obey()).toMatchObject({
      kind: 'hold',
      because: expect.stringContaining('Waiting for an evaluation'),
    })
    run.evaluate([2, 2, 2])
    expect(run.state().phase).toBe('probing')
  })

  it('never stalls: without an evaluation training goes on under the probe, with a sentence', () => {
    const run = runOf(configured({}))
    run.evaluate([3, 3, 3])
    run.obey()
    const probe = run.current
    run.train(500)
    expect(run.obey()).toEqual({
      kind: 'hold',
      because:
        'Probe 1 of 3 in round 1 is in force; 2 steps under it and then an evaluation of held-out losses end it, and until it comes training goes on like this.',
    })
    expect(run.current).toBe(probe)
    run.evaluate([3, 3, 2])
    expect(run.state().probe!.at).toBe(1)
  })

  it('counts steps sampled under the probe, and evaluations after the last of them', () => {
    const run = runOf(configured({}))
    run.evaluate([3, 3, 3])
    run.obey()
    run.train(5, third)
    run.evaluate([2.9, 3, 3])
    expect(run.state().probe).toMatchObject({ at: 0, steps: 0 })
    run.train(1)
    run.evaluate([2.8, 3, 3])
    expect(run.state().probe).toMatchObject({ at: 0, steps: 1, due: null })
    // An evaluation may be read before the step it belongs to has closed.
    run.evaluate([2.7, 3, 3], run.step + 1)
    run.train(1)
    expect(run.state().probe).toMatchObject({ at: 1, before: [2.7, 3, 3] })
  })

  it('takes messages of one evaluation together, and goes without a domain that nobody evaluates', () => {
    const run = runOf(configured({}))
    run.evaluate([3, null, null])
    run.evaluate([null, 4, null])
    expect(run.state().phase).toBe('waiting')
    run.train(1)
    expect(run.state().probe!.before).toEqual([3, 4, null])
    for (let probe = 0; probe < 3; probe++) {
      run.obey()
      run.train(2)
      run.evaluate(probe === 2 ? [2, 3, null] : [3, 4, null])
      run.train(1)
    }
    const { interaction, measured, updates } = run.state()
    expect([measured, updates]).toEqual([[true, true, false], 1])
    expect(interaction![2]).toEqual([0, 0, 0])
    expect(interaction!.flat().filter((entry) => entry === 0.5)).toHaveLength(2)
  })

  it('goes on where a probe asks for the mixture that is in force already', () => {
    const run = runOf(configured({}))
    run.evaluate([3, 3, 3])
    run.obey()
    run.train(2)
    const twice = run.state().order[0]!
    const state = { ...run.state(), order: [twice, twice, 2] }
    const config = configured({})
    const next = aioli.evolve(config, state, {
      kind: 'evaluation',
      step: run.step,
      loss: [2, 2, 2],
      scores: {},
    })
    expect(next.probe).toMatchObject({ at: 1, accepted: true })
  })

  it('solves for the mixtures that guard rails left of the probes', () => {
    const floored = (wish: readonly number[]) => wish.map((weight) => 0.7 * weight + 0.1)
    const run = runOf(configured({}), third, floored)
    run.round(matrix)
    expectNear(run.state().weights, [0.3345212522, 0.3319773767, 0.3335013711], 9)
  })

  it('changes nothing where they made all probes alike, and says so', () => {
    const run = runOf(configured({}), [0.5, 0.3, 0.2], () => [0.4, 0.3, 0.3])
    const proposal = run.round(matrix)
    expect(run.state().weights).toEqual([0.5, 0.3, 0.2])
    expect(proposal).toMatchObject({
      because: { summary: expect.stringContaining('too alike to tell apart') },
    })
  })

  it('trains under the first mixture for as long as it is told to', () => {
    const run = runOf(configured({ priorSteps: 3 }))
    run.evaluate([3, 3, 3])
    run.train(2)
    expect(run.ask()).toMatchObject({ because: expect.stringContaining('priorSteps') })
    run.train(1)
    expect(run.state().phase).toBe('waiting')
    run.evaluate([3, 3, 3])
    expect(run.state().phase).toBe('probing')
  })
})

describe('Aioli keeps its promises', () => {
  it('draws the same orders for the same seed, new ones every round', () => {
    const orders = [0, 0, 9].map((seed) => {
      const run = runOf(configured({ seed, sweeps: 4, updateSteps: 40 }))
      const { order } = run.state()
      run.round(matrix)
      return [order, run.state().order]
    })
    expect(orders[0]).toEqual(orders[1])
    expect(orders[0]).not.toEqual(orders[2])
    expect(orders[0]![0]).not.toEqual(orders[0]![1])
  })

  it('explains the way into a probe, between probes, and out of them', () => {
    const run = runOf(configured({}), [0.5, 0.3, 0.2])
    run.evaluate([3, 3, 3])
    const into = run.obey()
    if (into.kind !== 'reweigh') throw new Error(into.kind)
    expect(into.because.parts).toEqual({
      probe: run.current.map((weight, i) => weight - [0.5, 0.3, 0.2][i]!),
    })
    for (let probe = 0; probe < 3; probe++) {
      run.obey()
      run.train(2)
      run.evaluate([3 - probe, 3, 3])
    }
    const last = run.current
    const out = run.obey()
    if (out.kind !== 'reweigh') throw new Error(out.kind)
    const { endOfProbes, interaction } = out.because.parts
    expectNear(
      endOfProbes!,
      [0.5, 0.3, 0.2].map((weight, i) => weight - last[i]!),
      15,
    )
    expectNear(
      interaction!,
      run.current.map((weight, i) => weight - [0.5, 0.3, 0.2][i]!),
      15,
    )
  })

  it('refuses probes that tell nothing or eat the round', () => {
    const problems = (config: object) => {
      const result = configure(aioli, config, startWith(third))
      return result.ok ? '' : result.problems.join(' ')
    }
    expect(problems({ oneHotFactor: 0.3 })).toMatch(/expected more than 0\.333/)
    expect(problems({ updateSteps: 15 })).toMatch(
      /expected more than 15, which 1 probes of 5 steps for each of 3/,
    )
    expect(problems({ updateSteps: 16, oneHotFactor: 0.5 })).toBe('')
  })
})
