import { describe, expect, it } from 'vitest'
import type { RunStarted } from '@mixdesk/contracts'
import type { Controls, Policy, Proposal } from '@mixdesk/policies'
import { aRun, decisionsIn, losses, typesIn } from '../../../test/support/facts.js'
import { decideFirst } from './ask-policy.js'
import { noEffects, type Effects } from './effects.js'
import { foldStep } from './fold-step.js'
import { mergeStep, type Observation } from './merge-step.js'
import type { RunState } from './run-state.js'
import { initialRunState, policyStartOf } from './start-run.js'

/** A policy that says what it is told to, step by step; the first word answers the start of the run. */
function saying(
  proposals: readonly Proposal[],
  more: Partial<Policy<object, number>> = {},
): Policy<object, number> {
  return {
    name: 'saying',
    version: 1,
    title: 'Saying',
    purpose: 'Says what a test wants.',
    cites: [],
    meaning: 'samplingProbability',
    output: 'weights and controls',
    guide: { avoidWhen: '', mathematics: [], cost: '', absentDomains: '', differences: [] },
    signals: () => [],
    defaults: {},
    schema: { type: 'object', properties: {}, additionalProperties: false },
    check: () => [],
    initialState: () => 0,
    evolve: (_config, state, fact) => (fact.kind === 'step' ? state + 1 : state),
    decide: (_config, state) => proposals[Math.min(state, proposals.length - 1)]!,
    ...more,
  }
}

const steer = (controls: Controls): Proposal => ({
  kind: 'steer',
  controls,
  because: { summary: 'Another temperature.', parts: {} },
})
const hold: Proposal = { kind: 'hold', because: 'Nothing new.' }
const reweigh = (weights: readonly number[], controls?: Controls): Proposal => ({
  kind: 'reweigh',
  weights,
  because: {
    summary: 'Other weights.',
    parts: { all: weights.map((weight, i) => weight - [0.5, 0.25, 0.25][i]!) },
  },
  ...(controls === undefined ? {} : { controls }),
})

/** The run's start and as many steps as it takes for every word; what each led to. */
function follow(
  proposals: readonly Proposal[],
  settings: Partial<RunStarted> = {},
  more: Partial<Policy<object, number>> = {},
  change: (state: RunState) => void = () => undefined,
): { readonly state: RunState; readonly told: readonly Effects[] } {
  const policy = saying(proposals, more)
  const started = aRun({ ranks: 1, cadence: 1, ...settings }).data as RunStarted
  const state = initialRunState(started, { ok: true, policy, config: {}, start: policyStartOf(started) })
  const first = noEffects()
  decideFirst(state, policy, first)
  change(state)
  const told = proposals.slice(1).map((_, step) => {
    const effects = noEffects()
    const reported = losses(step).data as Observation
    foldStep(state, policy, mergeStep(step, 3, [reported]), true, effects)
    return effects
  })
  return { state, told: [first, ...told] }
}
const typesOf = (told: readonly Effects[]) => told.map((effects) => typesIn(effects))

describe('a policy that steers', () => {
  it('gives the first mixture its controls', () => {
    const { told } = follow([steer({ temperature: 2 })])
    expect(told[0]!.commands).toMatchObject([
      {
        version: 1,
        weights: [0.5, 0.25, 0.25],
        controls: { temperature: 2 },
        because: 'Another temperature.',
      },
    ])
  })
  it('is heard once, then held while its controls stay', () => {
    const { told } = follow([
      steer({ t: 1 }),
      steer({ t: 1 }),
      steer({ t: 2 }),
      steer({ t: 2 }),
      steer({ t: 1 }),
    ])
    expect(typesOf(told)).toEqual([
      ['MixtureDecided'],
      ['MixtureHeld'],
      ['MixtureDecided'],
      ['MixtureHeld'],
      ['MixtureDecided'],
    ])
    const [decided] = decisionsIn(told[2]!)
    expect(decided).toMatchObject({
      version: 2,
      weights: [0.5, 0.25, 0.25],
      proposed: [0.5, 0.25, 0.25],
      previous: [0.5, 0.25, 0.25],
      controls: { t: 2 },
      because: { parts: {} },
      guards: [],
    })
    expect(told[2]!.commands).toMatchObject([{ version: 2, controls: { t: 2 }, fromStep: 2 }])
  })
  it('is a decision like others: evidence starts over', () => {
    const { told } = follow([hold, hold, steer({ t: 1 }), steer({ t: 2 })])
    expect(decisionsIn(told[2]!)[0]!.evidence).toMatchObject({ fromStep: 0, toStep: 1, steps: 2 })
    expect(decisionsIn(told[3]!)[0]!.evidence).toMatchObject({ fromStep: 2, toStep: 2, steps: 1 })
  })
  it('holds while a person has frozen the run', () => {
    const { told } = follow([hold, steer({ t: 1 })], {}, {}, (state) => {
      state.frozen = { by: 'ada', because: '' }
    })
    expect(told[1]!.events).toMatchObject([{ type: 'MixtureHeld', data: { guards: [{ guard: 'frozen' }] } }])
  })
  it('holds until there is the least evidence', () => {
    const guards = { minimumEvidence: { steps: 2 } }
    const { told } = follow([hold, steer({ t: 1 }), steer({ t: 1 })], { guards })
    expect(typesOf(told)).toEqual([['MixtureDecided'], ['MixtureHeld'], ['MixtureDecided']])
    expect(told[1]!.events).toMatchObject([{ data: { guards: [{ guard: 'minimumEvidence' }] } }])
  })
  it('is left alone by guard rails that would move a mixture set by a person', () => {
    const { told } = follow([hold, steer({ t: 1 })], { guards: { ceiling: 0.6 } }, {}, (state) => {
      state.learning = { ...state.learning, weights: [0.8, 0.1, 0.1] }
    })
    expect(decisionsIn(told[1]!)).toMatchObject([{ weights: [0.8, 0.1, 0.1], guards: [] }])
  })
})

describe('a policy that sets weights and controls', () => {
  const guards = { floor: { web: 0.5 } }
  it('sends new controls though the guard rails leave the mixture', () => {
    const { told } = follow([reweigh([0.4, 0.3, 0.3], { t: 1 }), reweigh([0.4, 0.3, 0.3], { t: 2 })], {
      guards,
    })
    expect(decisionsIn(told[1]!)).toMatchObject([
      { controls: { t: 2 }, proposed: [0.4, 0.3, 0.3], guards: [{ guard: 'floorAndCeiling' }] },
    ])
  })
  it('holds where neither changes', () => {
    const { told } = follow([reweigh([0.4, 0.3, 0.3], { t: 1 }), reweigh([0.4, 0.3, 0.3], { t: 1 })], {
      guards,
    })
    expect(told[1]!.events).toMatchObject([
      {
        type: 'MixtureHeld',
        data: {
          because: 'The guard rails leave the mixture as it is.',
          guards: [{ guard: 'floorAndCeiling' }],
        },
      },
    ])
  })
  it('holds where its controls only accompany the weights', () => {
    const { told } = follow(
      [reweigh([0.4, 0.3, 0.3], { t: 1 }), reweigh([0.4, 0.3, 0.3], { t: 2 })],
      { guards },
      { output: 'weights' },
    )
    expect(typesIn(told[1]!)).toEqual(['MixtureHeld'])
  })
  it('is quarantined, with the reason, for what is no mixture', () => {
    const { told } = follow([hold, reweigh([0.5, 0.5, NaN])])
    expect(told[1]!.events).toMatchObject([
      { type: 'MixtureHeld', data: { guards: [{ guard: 'quarantine' }] } },
    ])
  })
})

describe('a repetition cap', () => {
  const domains = [
    { name: 'web', weight: 0.5 },
    { name: 'code', weight: 0.25, tokens: 200 },
    { name: 'books', weight: 0.25 },
  ]
  const settings = { domains, guards: { repetitionCap: { epochs: { code: 1 } } } }
  it('moves the mixture though the policy holds, and keeps the controls it had', () => {
    const { told, state } = follow([steer({ t: 1 }), hold, hold, hold], settings)
    expect(typesOf(told)).toEqual([['MixtureDecided'], ['MixtureHeld'], ['MixtureDecided'], ['MixtureHeld']])
    const [decided] = decisionsIn(told[2]!)
    expect(decided).toMatchObject({
      weights: [0.625, 0, 0.375],
      proposed: [0.5, 0.25, 0.25],
      controls: { t: 1 },
      because: { summary: 'Moved by the repetition cap. Nothing new.', parts: {} },
      guards: [{ guard: 'repetitionCap', before: [0.5, 0.25, 0.25], after: [0.625, 0, 0.375] }],
    })
    expect(state.learning.tokensRead).toEqual([300, 300, 300])
  })
  it('moves it though the policy waits for a signal or says nothing of use', () => {
    for (const more of [{ signals: () => ['rollouts'] }, { decide: () => reweigh([NaN, 0, 0]) }]) {
      const { told } = follow([hold, hold, hold], settings, more)
      expect(decisionsIn(told[2]!)).toMatchObject([{ weights: [0.625, 0, 0.375] }])
    }
  })
  it('moves it beside new controls', () => {
    const { told } = follow([hold, hold, steer({ t: 1 })], settings)
    expect(decisionsIn(told[2]!)).toMatchObject([
      { weights: [0.625, 0, 0.375], controls: { t: 1 }, because: { summary: 'Another temperature.' } },
    ])
  })
  it('waits for whoever froze the run', () => {
    const { told } = follow([hold, hold, hold], settings, {}, (state) => {
      state.frozen = { by: 'ada', because: 'looking' }
    })
    expect(typesOf(told)).toEqual([['MixtureDecided'], ['MixtureHeld'], []])
  })
  it('holds with a sentence once everything is used up', () => {
    const counted = domains.map((domain) => ({ ...domain, tokens: 200 }))
    const { told } = follow([hold, hold, reweigh([1, 0, 0])], {
      domains: counted,
      guards: { repetitionCap: { epochs: 1 } },
    })
    expect(told[2]!.events).toMatchObject([
      {
        type: 'MixtureHeld',
        data: {
          because: expect.stringMatching(/^Every domain has been read as often/) as string,
          guards: [{ guard: 'repetitionCap' }],
        },
      },
    ])
  })
  it('counts tokens whose losses were quarantined: they were read all the same', () => {
    const policy = saying([hold])
    const started = aRun({ ranks: 1, ...settings }).data as RunStarted
    const state = initialRunState(started, { ok: true, policy, config: {}, start: policyStartOf(started) })
    const bad = losses(0, 0, { tokens: [100, 150, 50], lossSum: [1, null, 1] }).data as Observation
    foldStep(state, policy, mergeStep(0, 3, [bad]), false, noEffects())
    expect(state.learning.tokensRead).toEqual([100, 150, 50])
  })
})
