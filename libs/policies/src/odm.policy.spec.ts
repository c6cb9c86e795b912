import { describe, expect, it } from 'vitest'
import { odm } from './odm.policy.js'
import { stepWith } from './step-fact.fixture.js'

const start = { domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], weights: [0.5, 0.3, 0.2] }
const cycle = [
  [3, 2, 1],
  [2.5, 2.2, 0.9],
  [2.4, 1.8, 0.8],
]
type Config = typeof odm.defaults
const configured = (config: Partial<Config>): Config => ({ ...odm.defaults, ...config })
const expectNear = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((weight, i) => expect(got[i]).toBeCloseTo(weight, digits))

/** Weights after each step, every mixture being adopted at once. */
function run(config: Config, losses: readonly (readonly (number | null)[])[], first = 1) {
  let state = odm.initialState(config, start)
  return losses.map(
    (loss, i) => (state = odm.evolve(config, state, stepWith(first + i, loss, state.weights))),
  )
}

const tenSteps = Array.from({ length: 10 }, (_, i) => cycle[i % 3]!)

describe('ODM against the published code', () => {
  it.each([
    ['official-smoothed', 4, [0.3592625977, 0.3291218003, 0.311615602]],
    ['official-smoothed', 5, [0.381908217, 0.3287745213, 0.2893172617]],
    ['official-smoothed', 10, [0.4479316304, 0.3181796008, 0.2338887689]],
    ['official-exp3', 4, [0.3406964017, 0.3348080805, 0.3244955178]],
    ['official-exp3', 5, [0.3501310851, 0.3373342841, 0.3125346308]],
    ['official-exp3', 10, [0.3857028535, 0.3400752523, 0.2742218942]],
  ] as const)('%s gives the weights of step %i', (variant, step, weights) => {
    expectNear(run(configured({ variant }), tenSteps)[step - 1]!.weights, weights, 9)
  })

  it('has the published ε, and is uniform while t ≤ K ln K', () => {
    const states = run(configured({}), tenSteps)
    expectNear(
      [3, 4, 9].map((i) => states[i]!.epsilon),
      [0.3025739977, 0.2706304108, 0.1913645987],
      9,
    )
    for (const i of [0, 1, 2]) expectNear(states[i]!.weights, [1 / 3, 1 / 3, 1 / 3], 15)
  })

  it('counts warm-up in t: the first update after 2000 steps already exploits', () => {
    const first = (variant: Config['variant'], loss: readonly (number | null)[]) =>
      run(configured({ variant, warmupSteps: 2000 }), [loss], 2001)[0]!
    const smoothed = first('official-smoothed', [3, 2, 1])
    expectNear(smoothed.weights, [0.6517706785, 0.2483244477, 0.0999048738], 9)
    expect(smoothed.epsilon).toBeCloseTo(0.0135281389, 9)
    expect(smoothed.previousEpsilon).toBe(1 / 3)
    expectNear(first('official-exp3', [3, 2, 1]).weights, [0.3344365012, 0.341647625, 0.3239158737], 9)
    expectNear(
      first('official-smoothed', [3, null, 1]).weights,
      [0.8585785812, 0.0135281389, 0.1278932799],
      9,
    )
  })
})

describe('ODM as in the paper', () => {
  it('gives the weights of the formula for R = (6, 4, 3), t = 10', () => {
    const config = configured({ variant: 'paper', smoothing: 1 })
    const epsilon = Math.sqrt(Math.log(3) / 27)
    const before = { ...odm.initialState(config, start), reward: [6, 4, 3], epsilon, updates: 9 }
    expectNear(
      odm.evolve(config, before, stepWith(10, [1, 1, 1], [0.5, 0.3, 0.2])).weights,
      [0.3837326748, 0.3198709851, 0.2963963402],
      9,
    )
  })

  it('averages the importance-weighted loss of what was sampled, under the mixture in force then', () => {
    const config = configured({ variant: 'paper' })
    const state = odm.evolve(
      config,
      odm.initialState(config, start),
      stepWith(1, [3, null, 2], [0.5, 0.25, 0.25]),
    )
    expectNear(state.reward as number[], [0.6, 0, 0.8], 14)
  })
})

describe('ODM keeps still', () => {
  it('in warm-up, and between updates, without a trace', () => {
    const config = configured({ warmupSteps: 5, updateEvery: 2 })
    const state = odm.initialState(config, start)
    for (const step of [1, 2, 5, 7])
      expect(odm.evolve(config, state, stepWith(step, [3, 2, 1], start.weights))).toBe(state)
    expect(odm.evolve(config, state, stepWith(6, [3, 2, 1], start.weights))).not.toBe(state)
    expect(odm.decide(config, state, start.weights)).toEqual({
      kind: 'hold',
      because: expect.stringContaining('a step after 5'),
    })
  })

  it('while no domain has ever had a reward; exp3 alone goes to uniform then, as the published code does', () => {
    for (const variant of ['official-smoothed', 'official-smoothed-single', 'paper'] as const) {
      const config = configured({ variant })
      const state = odm.initialState(config, start)
      expect(odm.evolve(config, state, stepWith(9, [null, null, null], start.weights))).toBe(state)
    }
    expectNear(
      run(configured({ variant: 'official-exp3' }), [[null, null, null]], 9)[0]!.weights,
      [1 / 3, 1 / 3, 1 / 3],
      15,
    )
  })

  it('about a sampled domain without tokens, where the published code becomes NaN', () => {
    const config = configured({})
    const fact = stepWith(9, [3, null, 1], start.weights)
    const masked = { ...fact, present: [true, true, true], sequences: [4, 4, 4] }
    expect(odm.evolve(config, odm.initialState(config, start), masked)).toEqual(
      odm.evolve(config, odm.initialState(config, start), fact),
    )
  })
})

describe('ODM stays finite', () => {
  it.each([
    'official-smoothed',
    'official-smoothed-single',
    'official-exp3',
    'official-exp3-single',
    'paper',
  ] as const)('%s with losses at which the published code overflows', (variant) => {
    const huge = [710, 1e5, 1e308, -1e308, 0]
    const states = run(
      configured({ variant }),
      huge.flatMap((loss) => [
        [2, loss, 2],
        [loss, null, 1],
        [loss, loss, loss],
      ]),
      5,
    )
    for (const state of states) {
      expect(state.weights.every((weight) => weight >= state.epsilon - 1e-12 && weight <= 1)).toBe(true)
      expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
    }
  })

  it('with a loss of 710: the domain takes all but the floors', () => {
    const [state] = run(configured({}), [[710, 2, 2]], 10)
    expectNear(state!.weights, [1 - 2 * state!.epsilon, state!.epsilon, state!.epsilon], 12)
  })

  it('when a domain was sampled that had no chance', () => {
    const config = configured({ variant: 'official-exp3' })
    const state = odm.evolve(config, odm.initialState(config, start), stepWith(9, [3, 2, 1], [1, 0, 0]))
    expect(state.reward).toEqual([0.3, 200_000, 100_000])
  })

  it('forgets a diverged loss when told the highest believable one', () => {
    const [state] = run(configured({ highestLoss: 3 }), [[1e300, 3, 1]], 10)
    expect(state!.weights[0]).toBe(state!.weights[1])
  })
})

describe('ODM explains itself', () => {
  it('by what exploitation and exploration moved since the last mixture, and what it carried over', () => {
    const config = configured({})
    const [, , , , state] = run(config, tenSteps.slice(0, 5))
    const told = odm.evolve(config, state!, { kind: 'mixture', step: 5, weights: [0.2, 0.2, 0.6] })
    const next = odm.evolve(config, told, stepWith(6, [3, 2, 1], [0.2, 0.2, 0.6]))
    const proposal = odm.decide(config, next, [0.2, 0.2, 0.6])
    if (proposal.kind === 'hold') throw new Error(proposal.because)
    const { exploration, carriedOver } = proposal.because.parts
    expectNear(
      exploration!,
      [1, 1, 1].map(() => next.epsilon - state!.epsilon),
      15,
    )
    expectNear(
      carriedOver!,
      state!.weights.map((weight, i) => weight - [0.2, 0.2, 0.6][i]!),
      15,
    )
  })
})
