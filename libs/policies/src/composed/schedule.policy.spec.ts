import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import type { PolicyStart } from '../policy.js'
import { findPolicy } from '../registry.js'
import { configured, drive, phases } from './schedule.fixture.js'
import { schedule as scheduleOf } from './schedule.policy.js'
import { stepWith } from '../step-fact.fixture.js'
import { UnknownPolicy } from '../unknown-policy.error.js'

const schedule = scheduleOf(findPolicy)
const start: PolicyStart = {
  domains: [
    { name: 'code', tokens: 30 },
    { name: 'web', tokens: 10 },
  ],
  weights: [0.6, 0.4],
  horizon: { steps: 10 },
}
const upsample = (until: object) => ({
  phases: [
    { policy: 'static', until },
    { policy: 'static', config: { weights: { code: 0.9, web: 0.1 } } },
  ],
})

/** Weights asked for after each of ten steps of 20 tokens. */
function follow(config: object, run = start) {
  const configured = configure(schedule, config, run)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  let state = schedule.initialState(configured.config, run)
  let current = run.weights
  const seen: number[] = []
  for (let step = 1; step <= 10; step++) {
    state = schedule.evolve(configured.config, state, stepWith(step, [2, 1], current, 10))
    const proposal = schedule.decide(configured.config, state, current)
    if (proposal.kind === 'reweigh') {
      current = proposal.weights
      state = schedule.evolve(configured.config, state, { kind: 'mixture', step, weights: current })
    }
    seen.push(current[0]!)
  }
  return seen
}

describe('phases end', () => {
  it.each([
    [{ steps: 8 }, start],
    [{ tokens: 160 }, start],
    [{ share: 0.8 }, start],
    [{ share: 0.8 }, { ...start, horizon: { tokens: 200, steps: 1 } }],
  ])('after %j, inclusive, with exactly one change', (until, run) => {
    const weights = follow(upsample(until), run)
    expect(weights.slice(0, 7)).toEqual(new Array(7).fill(0.6))
    expect(weights.slice(7)).toEqual([0.9, 0.9, 0.9])
  })

  it('at once at share 0, and never in a run that stays below', () => {
    const config = upsample({ share: 0 })
    expect(schedule.initialState(config, start).phase).toBe(1)
    expect(follow(upsample({ steps: 11 }))).toEqual(new Array(10).fill(0.6))
  })

  it('together, when a report jumps over several', () => {
    const config = {
      phases: [
        { policy: 'static', until: { steps: 2 } },
        { policy: 'uniform', until: { steps: 4 } },
        { policy: 'natural' },
      ],
    }
    const state = schedule.evolve(
      config,
      schedule.initialState(config, start),
      stepWith(7, [1, 1], [0.6, 0.4]),
    )
    expect(state.phase).toBe(2)
    expect(schedule.decide(config, state, [0.6, 0.4])).toMatchObject({
      kind: 'reweigh',
      weights: [0.75, 0.25],
      because: { summary: 'Phase 3 of 3, natural: Each domain is weighed by its tokens.' },
      controls: { phase: 3 },
    })
  })
})

it('begins a phase from the mixture then in force, overrides included', () => {
  const config = { phases: [{ policy: 'uniform', until: { steps: 1 } }, { policy: 'static' }] }
  let state = schedule.initialState(config, start)
  state = schedule.evolve(config, state, { kind: 'mixture', step: 0, weights: [0.2, 0.8] })
  state = schedule.evolve(config, state, stepWith(1, [1, 1], [0.6, 0.4]))
  expect(state.inner).toEqual({ weights: [0.2, 0.8] })
})

it('asks for the signals of all its phases', () => {
  expect(schedule.signals({ phases: [{ policy: 'odm' }, { policy: 'doremi' }] })).toEqual([
    'clippedExcessSum',
  ])
})

it('may hold a schedule', () => {
  const config = {
    phases: [
      { policy: 'schedule', config: upsample({ steps: 3 }), until: { steps: 6 } },
      { policy: 'uniform' },
    ],
  }
  expect(follow(config)).toEqual([0.6, 0.6, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.5])
})

it('refuses to run with a part that the registry lacks, in case nobody checked', () => {
  expect(() => schedule.initialState({ phases: [{ policy: 'odn' }] }, start)).toThrow(UnknownPolicy)
})

describe('a schedule is refused, with the path of the fault,', () => {
  const { horizon: _, ...endless } = start
  it.each([
    ['an empty list', { phases: [] }, start, 'phases: expected a list with at least 1 entries'],
    [
      'an unknown policy',
      { phases: [{ policy: 'odn' }] },
      start,
      'phases[0].policy: expected a known policy, got "odn"',
    ],
    [
      'loss multipliers',
      { phases: [{ policy: 'doremi' }] },
      start,
      'phases[0].policy: expected a policy that sets sampling',
    ],
    [
      'a fault inside',
      { phases: [{ policy: 'odm', config: { smoothing: 2 } }] },
      start,
      'phases[0].config: smoothing: expected a number at least 0 and at most 1, got 2',
    ],
    [
      'no end',
      { phases: [{ policy: 'odm' }, { policy: 'odm' }] },
      start,
      'phases[0].until: expected exactly one of',
    ],
    [
      'an end for the last',
      { phases: [{ policy: 'odm', until: { steps: 3 } }] },
      start,
      'phases[0].until: expected nothing',
    ],
    ['two ends', upsample({ steps: 3, share: 0.1 }), start, 'got steps and share'],
    [
      'a share of an unknown whole',
      upsample({ share: 0.1 }),
      endless,
      'phases[0].until.share: expected a run that declares its horizon',
    ],
    [
      'ends out of order',
      {
        phases: [
          { policy: 'odm', until: { steps: 9 } },
          { policy: 'odm', until: { steps: 3 } },
          { policy: 'odm' },
        ],
      },
      start,
      'phases[1].until.steps: expected at least 9',
    ],
  ])('for %s', (_name, config, run, sentence) => {
    expect(configure(schedule, config, run)).toEqual({
      ok: false,
      problems: [expect.stringContaining(sentence)],
    })
  })
})

it('goes back to the phase, the counts and the conditions it had, when a run goes back to a checkpoint', () => {
  const config = {
    phases: [
      { policy: 'uniform', until: { after: { tokens: 40 } } },
      { policy: 'static', until: { loss: { domain: 'web', below: 1.5, patience: 3 } } },
      { policy: 'natural' },
    ],
    budgets: { code: { steps: 7 } },
  }
  const evaluate = (step: number) => ({ loss: { web: step >= 3 ? 1 : 2 } })
  const once = drive(config, start, 8, { evaluate, losses: () => [2, 2] })
  const made = configured(config, start)
  for (const { state, step, weights } of once.slice(1)) {
    let resumed = state
    for (const after of once.slice(step + 1)) {
      resumed = schedule.evolve(made, resumed, stepWith(after.step, [2, 2], weights, 10))
      const loss = [null, evaluate(after.step).loss.web]
      resumed = schedule.evolve(made, resumed, { kind: 'evaluation', step: after.step, loss, scores: {} })
      resumed = schedule.evolve(made, resumed, { kind: 'mixture', step: after.step, weights: after.weights })
      expect(resumed.phase).toBe(after.state.phase)
      expect(resumed.track?.streaks).toEqual(after.state.track?.streaks)
      expect(resumed.track?.used?.now.steps).toEqual(after.state.track?.used?.now.steps)
    }
  }
  expect(phases(once)).toEqual([1, 1, 2, 2, 2, 3, 3, 3, 3])
  expect(once[8]!.weights).toEqual([0, 1])
})
