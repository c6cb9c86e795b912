import { describe, expect, it } from 'vitest'
import { clusterResampling } from './cluster-resampling.policy.js'
import { configure } from '../configure.js'
import type { PolicyStart, StepFact } from '../policy.js'

type Config = typeof clusterResampling.defaults
const configured = (config: Partial<Config>): Config => ({ ...clusterResampling.defaults, ...config })
const start: PolicyStart = {
  domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  weights: [0.2, 0.3, 0.5],
}

/** A step in which `scored` items of each domain had this mean gap; null: none. */
function stepWith(step: number, gaps: readonly (number | null)[], scored = 10): StepFact {
  const column = (value: (gap: number) => number) => gaps.map((gap) => (gap === null ? 0 : value(gap)))
  return {
    kind: 'step',
    step,
    present: gaps.map(() => true),
    tokens: gaps.map(() => 100),
    lossSum: gaps.map(() => 0),
    signals: { rewardGapSum: column((gap) => gap * scored), scored: column(() => scored) },
    inForce: start.weights,
  }
}
const after = (config: Config, steps: readonly StepFact[], begin = start) =>
  steps.reduce(
    (state, fact) => clusterResampling.evolve(config, state, fact),
    clusterResampling.initialState(config, begin),
  )
const asked = (config: Config, steps: readonly StepFact[], begin = start) =>
  clusterResampling.decide(config, after(config, steps, begin), start.weights)
const near = (got: readonly number[], expected: readonly number[], digits = 14) =>
  expected.forEach((number, i) => expect(got[i]).toBeCloseTo(number, digits))
const softmax = [0.309344, 0.461488, 0.229168]

describe('cluster resampling', () => {
  it('weighs by the softmax of mean reward gaps', () => {
    const config = configured({})
    const proposal = asked(config, [stepWith(1, [0.1, 0.5, -0.2])])
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    near(proposal.weights, softmax, 6)
    near(
      proposal.because.parts['rewardGap']!,
      proposal.weights.map((weight, i) => weight - start.weights[i]!),
    )
    expect(proposal.controls).toBeUndefined()
  })

  it('judges every round by its own scores', () => {
    const config = configured({})
    const state = after(config, [stepWith(1, [5, 0, -5]), stepWith(2, [0.1, 0.5, -0.2], 3)])
    near(state.weights, softmax, 6)
    expect(state.rounds).toBe(2)
  })

  it('has no trouble with scores at which the published exponentials overflow', () => {
    near(after(configured({}), [stepWith(1, [1e300, 800, 799])]).weights, [1, 0, 0])
    near(after(configured({}), [stepWith(1, [710, 710, 710])]).weights, [1 / 3, 1 / 3, 1 / 3])
  })

  it('holds, with the number of the domain, for a round in which one has no scored item', () => {
    const config = configured({})
    const before = after(config, [stepWith(1, [0.1, 0.5, -0.2])])
    const state = clusterResampling.evolve(config, before, stepWith(2, [1, null, 2]))
    expect(state.weights).toBe(before.weights)
    expect(clusterResampling.decide(config, state, start.weights)).toEqual({
      kind: 'hold',
      because:
        'Round 2 left 1 of 3 domains without a scored item (number 2), so that they cannot be compared; the mixture stays as it is.',
    })
  })

  it('or lets it keep its weight, the others sharing theirs', () => {
    const config = configured({ unscored: 'keep' })
    const { weights } = after(config, [stepWith(1, [1, null, 1 + Math.log(3)])])
    near(weights, [0.7 / 4, 0.3, (0.7 * 3) / 4])
  })

  it('waits for scores', () => {
    const config = configured({})
    const state = clusterResampling.initialState(config, start)
    const silent = clusterResampling.evolve(config, state, stepWith(1, [null, null, null]))
    expect(silent).toMatchObject({ rounds: 0 })
    expect(clusterResampling.decide(config, silent, start.weights)).toEqual({
      kind: 'hold',
      because: 'No update yet: no step has carried `rewardGapSum` with `scored`.',
    })
  })
})

describe('rounds by the horizon', () => {
  const config = configured({ roundEnds: 'horizon' })
  const begin = { ...start, horizon: { steps: 30 } }

  it('pool the scores of a third of the run each: three decisions', () => {
    const steps = [
      stepWith(1, [0, 0, 0], 5),
      stepWith(9, [0.2, 1, -0.4], 5),
      stepWith(10, [null, null, null]),
      stepWith(20, [3, 3, null]),
      stepWith(30, [1, 1, 1]),
      stepWith(31, [9, 1, 1]),
    ]
    const states = steps.map((_, i) => after(config, steps.slice(0, i + 1), begin))
    expect(states.map((state) => state.rounds)).toEqual([0, 0, 1, 2, 3, 3])
    near(states[2]!.weights, softmax, 6)
    expect(states[3]!.scores).toEqual([3, 3, null])
    near(states[5]!.weights, [1 / 3, 1 / 3, 1 / 3])
    expect(asked(config, steps.slice(0, 2), begin)).toEqual({
      kind: 'hold',
      because: 'No update yet: the first of 3 rounds lasts for 1/3 of the horizon.',
    })
  })

  it('need a horizon', () => {
    expect(configure(clusterResampling, { roundEnds: 'horizon' }, start)).toEqual({
      ok: false,
      problems: [expect.stringMatching(/^roundEnds: expected a run that declares its horizon/)],
    })
  })
})

it('says how many items a round draws: the published code divides by the clusters too', () => {
  const drawn = (variant: Config['variant']) => {
    const config = configured({ variant, items: 600, rounds: 8, portion: 0.5 })
    const proposal = asked(config, [stepWith(1, [0.1, 0.5, -0.2])])
    return proposal.kind === 'reweigh' ? proposal.controls : undefined
  }
  expect(drawn('official')).toEqual({ draws: 12 })
  expect(drawn('paper')).toEqual({ draws: 37 })
})
