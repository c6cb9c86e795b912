import { describe, expect, it } from 'vitest'
import { odm } from './odm.policy.js'
import { stepWith } from '../step-fact.fixture.js'

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

describe('ODM as in DataFlex', () => {
  const begin = { ...start, weights: [0.3811617842718717, 0.32828081674985876, 0.29055739897826954] }
  const config = configured({ variant: 'dataflex', warmupSteps: 10 })
  const told = (batches: readonly (readonly [number, number] | null)[], given = config) => {
    let state = odm.initialState(given, begin)
    return batches.map((batch, i) => {
      const losses = [0, 1, 2].map((domain) => (batch?.[0] === domain ? batch[1] : null))
      return (state = odm.evolve(given, state, stepWith(11 + i, losses, state.weights)))
    })
  }

  it('averages the scaled, importance-weighted loss, and takes softmax of ε(t−1)·R', () => {
    const states = told([
      [0, 2.2928364809117268],
      [2, 2.7109674638460004],
      [2, 2.705906454984104],
      [1, 2.231787718995776],
    ])
    expectNear(states[0]!.reward as number[], [9.023083801377288, 0, 0], 12)
    expectNear(states[3]!.reward as number[], [9.023083801377288, 10.04304473548099, 23.15599727600476], 12)
    expect(states[3]!.epsilon).toBeCloseTo(0.30257399765293086, 14)
    expectNear(states[3]!.weights, [0.3033865544663267, 0.30371558252433184, 0.3928978630093415], 14)
  })

  it('lets ε decay in steps without a loss too, down to its floor', () => {
    const states = told([[0, 3], ...new Array<null>(2000).fill(null)])
    expect(states[3]!.epsilon).toBeCloseTo(0.30257399765293086, 14)
    expect(states.at(-1)!.epsilon).toBe(0.03)
  })

  it('keeps shares within exp(5) of each other and rewards within their bound', () => {
    const state = told([...new Array<null>(50).fill(null), [1, 1e7]]).at(-1)!
    expect(state.reward[1]).toBe(1e4)
    const shares = state.weights.map((weight) => weight - state.epsilon)
    expect(shares[1]! / shares[0]!).toBeCloseTo(Math.exp(5), 6)
    const free = configured({ variant: 'dataflex', warmupSteps: 10, rewardClip: null, exponentClip: null })
    const unbound = told([...new Array<null>(50).fill(null), [1, 1e7]], free).at(-1)!
    expect(unbound.reward[1]).toBeGreaterThan(1e7)
    expect(unbound.weights[0]).toBe(unbound.epsilon)
  })

  it('stays uniform where the floors of all domains leave nothing', () => {
    const many = { domains: Array.from({ length: 50 }, (_, i) => ({ name: `d${i}` })) }
    const weights = many.domains.map(() => 1 / 50)
    const state = odm.evolve(
      configured({ variant: 'dataflex' }),
      odm.initialState(configured({ variant: 'dataflex' }), { ...many, weights }),
      stepWith(
        9999,
        weights.map((_, i) => i),
        weights,
      ),
    )
    expectNear(state.weights, weights, 15)
  })
})

describe('ODM with bias correction', () => {
  it.each(['official-smoothed', 'official-smoothed-single'] as const)(
    '%s does not prefer the domain it has seen more often',
    (variant) => {
      const losses = Array.from({ length: 30 }, (_, i) => [2, i < 3 ? 2 : null, 2])
      const [corrected, raw] = [true, false].map((biasCorrection) =>
        run(configured({ variant, biasCorrection }), losses).at(-1),
      )
      expectNear(corrected!.weights, [1 / 3, 1 / 3, 1 / 3], 12)
      expect(raw!.weights[1]).toBeLessThan(raw!.weights[0]! - 0.01)
      expect(raw).not.toHaveProperty('observations')
    },
  )

  it('divides the average of the paper by what it has reached', () => {
    const config = configured({ variant: 'paper', biasCorrection: true, stepsAreGlobal: false })
    const before = { ...odm.initialState(config, start), epsilon: 0.2, updates: 9 }
    const state = odm.evolve(config, before, stepWith(10, [3, 1, null], [0.5, 0.25, 0.25]))
    expectNear(state.reward as number[], [0.6, 0.4, 0], 14)
    expect(state.observations).toEqual([1, 1, 0])
    const shares = state.weights.map((weight) => weight - state.epsilon)
    expect(Math.log(shares[0]! / shares[1]!)).toBeCloseTo(0.2 * (6 - 4), 12)
    expect(Math.log(shares[1]! / shares[2]!)).toBeCloseTo(0.2 * 4, 12)
  })

  it('has nothing to do in exp3', () => {
    const config = configured({ variant: 'official-exp3', biasCorrection: true })
    expect(odm.initialState(config, start)).not.toHaveProperty('observations')
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
    'dataflex',
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
    if (proposal.kind !== 'reweigh') throw new Error('expected weights')
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
