import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import type { PolicyStart } from '../policy.js'
import { stepWith } from '../step-fact.fixture.js'
import { temperature } from './temperature.policy.js'

const mc4: PolicyStart = {
  domains: [
    { name: 'english', tokens: 2733e9 },
    { name: 'italian', tokens: 162e9 },
    { name: 'chinese', tokens: 39e9 },
    { name: 'swahili', tokens: 1e9 },
  ],
  weights: [0.25, 0.25, 0.25, 0.25],
}
const hot = [0.4543, 0.25818, 0.19419, 0.09333]
const cold = [0.93118, 0.0552, 0.01329, 0.00034]

function made(config: object, start = mc4) {
  const configured = configure(temperature, config, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  return { config: configured.config, state: temperature.initialState(configured.config, start) }
}

/** The weight of the first domain after each of ten steps of 40 tokens. */
function follow(given: object, start = mc4) {
  const begun = made(given, start)
  let { state } = begun
  return Array.from({ length: 10 }, (_, i) => {
    state = temperature.evolve(begun.config, state, stepWith(i + 1, [1, 1, 1, 1], start.weights, 10))
    return state.weights[0]!
  })
}

it('weighs by size to the power of 1/temperature, from the tokens the domains declare', () => {
  const { config, state } = made({})
  state.weights.forEach((weight, i) => expect(weight).toBeCloseTo(hot[i]!, 5))
  expect(state.varianceFactor).toBeCloseTo(29.83, 2)
  expect(temperature.decide(config, state, mc4.weights)).toMatchObject({
    kind: 'reweigh',
    controls: { temperature: 5 },
    because: { summary: expect.stringContaining('29.83 times the variance') },
  })
  expect(temperature.decide(config, state, state.weights)).toMatchObject({ kind: 'hold' })
})

it('takes sizes in any unit instead, with 0 for an empty domain', () => {
  const sizes = { english: 0, italian: 100, chinese: 1, swahili: 0 }
  const { weights } = made({ temperature: 2, sizes }).state
  expect(weights[0]).toBe(0)
  expect(weights[1]).toBeCloseTo(10 / 11, 15)
})

it('is uniform over domains that are not empty at an infinite temperature', () => {
  const sizes = { english: 7, italian: 100, chinese: 1, swahili: 0 }
  expect(made({ temperature: 'infinite', sizes }).state.weights).toEqual([1 / 3, 1 / 3, 1 / 3, 0])
})

it('explains the change by proportions and by temperature', () => {
  const { config, state } = made({})
  const proposal = temperature.decide(config, state, mc4.weights)
  if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
  const { proportions, temperature: heat } = proposal.because.parts
  expect(proportions![3]).toBeCloseTo(cold[3]! - 0.25, 5)
  expect(heat![3]).toBeCloseTo(hot[3]! - cold[3]!, 5)
})

describe('Cooldown', () => {
  it.each([
    [{ steps: 5 }, mc4],
    [{ tokens: 200 }, mc4],
    [{ share: 0.5 }, { ...mc4, horizon: { steps: 10 } }],
    [{ share: 0.5 }, { ...mc4, horizon: { tokens: 400, steps: 99 } }],
  ])('drops once, at %j', (switchAt, start) => {
    const weights = follow({ switchAt }, start)
    for (const weight of weights.slice(0, 4)) expect(weight).toBeCloseTo(hot[0]!, 5)
    for (const weight of weights.slice(4)) expect(weight).toBeCloseTo(cold[0]!, 5)
  })

  it('is cold from the start where the switch is at 0', () => {
    expect(made({ switchAt: { steps: 0 } }).state).toMatchObject({ switched: true, varianceFactor: 1 })
  })

  it('is switched already in a run that joins late', () => {
    const { config, state } = made({ switchAt: { steps: 5 } })
    const late = temperature.evolve(config, state, stepWith(30_000, [1, 1, 1, 1], mc4.weights))
    expect(late.switched).toBe(true)
  })
})

it('names the domain that the horizon would repeat too often', () => {
  const said = (config: object, horizon: NonNullable<PolicyStart['horizon']>) => {
    const { config: made_, state } = made(config, { ...mc4, horizon })
    const proposal = temperature.decide(made_, state, mc4.weights)
    return proposal.kind === 'reweigh' ? proposal.because.summary : ''
  }
  expect(said({}, { tokens: 1e12 })).toMatch(/swahili is read 93\.3 times/)
  expect(said({ switchAt: { share: 0.5 } }, { tokens: 1e12 })).toMatch(/swahili is read 46\.8 times/)
  expect(said({ switchAt: { steps: 5 } }, { tokens: 1e12, steps: 10 })).toMatch(/swahili is read 46\.8 times/)
  expect(said({ switchAt: { steps: 5 } }, { tokens: 1e12 })).not.toMatch(/read/)
  expect(said({ temperature: 1 }, { tokens: 1e12 })).not.toMatch(/read/)
})

it.each([
  [{ temperature: 0 }, 'temperature: expected a number'],
  [{ temperature: 'hot' }, 'temperature: expected a number above 0 or "infinite", got "hot"'],
  [{ switchAt: { share: 0.5 } }, 'switchAt.share: expected a run that declares its horizon'],
  [{ switchAt: {} }, 'switchAt: expected exactly one of steps, tokens, share, got none'],
  [{ sizes: { english: 1 } }, 'but italian, chinese, swahili has none'],
  [{ sizes: { englisch: 1 } }, 'englisch is no domain of this run'],
  [
    { sizes: { english: 0, italian: 0, chinese: 0, swahili: 0 } },
    'expected a domain that is not empty, but every size is 0',
  ],
])('refuses %j', (config, sentence) => {
  const configured = configure(temperature, config, mc4)
  expect(configured.ok ? [] : configured.problems).toContainEqual(expect.stringContaining(sentence))
})

it('asks for tokens or sizes', () => {
  const start = { domains: [{ name: 'code', tokens: 5 }, { name: 'web' }], weights: [0.5, 0.5] }
  expect(configure(temperature, {}, start)).toEqual({
    ok: false,
    problems: [expect.stringContaining('but web declares no tokens')],
  })
})
