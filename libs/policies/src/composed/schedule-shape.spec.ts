import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../policy.js'
import { findPolicy } from '../registry.js'
import { drive, phases, problemsOf, start, weightOf } from './schedule.fixture.js'
import { schedule as scheduleOf } from './schedule.policy.js'
import { stepWith } from '../step-fact.fixture.js'
import { sum } from '../numerics/sum.js'

const run = start({ code: 0.6, web: 0.3, math: 0.1 }, undefined, { code: 100, web: 40, math: 20 })
const rounded = (values: readonly number[]) => values.map((value) => Math.round(value * 1e6) / 1e6)

/** Every proposal of a run explains itself. */
function expectParts(seen: ReturnType<typeof drive>, carried = false): void {
  seen.forEach(({ proposal }, i) => {
    if (proposal.kind !== 'reweigh') return
    const before = i === 0 ? run.weights : seen[i - 1]!.weights
    const parts = Object.entries(proposal.because.parts)
    // A policy that goes its own way during a transition finds a mixture that is not its own.
    expect(parts.some(([name]) => name === 'carriedOver') && !carried).toBe(false)
    proposal.weights.forEach((weight, d) =>
      expect(sum(parts.map(([, part]) => part[d]!))).toBeCloseTo(weight - before[d]!, 12),
    )
  })
}

describe('budgets', () => {
  it('take a domain out once it has used its steps, tokens or passes; the others share its weight', () => {
    const budgets = { math: { passes: 2 }, web: { steps: 6, tokens: 1000 } }
    const seen = drive({ phases: [{ policy: 'static' }], budgets }, run, 8)
    expect(rounded(weightOf(seen, 2))).toEqual([0.1, 0.1, 0.1, 0.1, 0, 0, 0, 0, 0])
    expect(rounded(weightOf(seen, 1)).slice(3)).toEqual([0.3, 0.333333, 0.333333, 0, 0, 0])
    expect(seen[8]!.weights).toEqual([1, 0, 0])
    expect(seen[6]!.proposal).toMatchObject({
      because: { summary: expect.stringContaining('Out of budget: web, math.') },
    })
    expectParts(seen)
  })

  it('of a phase count from its beginning', () => {
    const seen = drive(
      {
        phases: [
          { policy: 'static', until: { steps: 3 } },
          { policy: 'static', budgets: { math: { steps: 2 } } },
        ],
      },
      run,
      7,
    )
    expect(rounded(weightOf(seen, 2))).toEqual([0.1, 0.1, 0.1, 0.1, 0.1, 0, 0, 0])
  })

  it('end a phase in which every domain with weight has left, and the last one holds', () => {
    const weights = { code: 1, web: 0, math: 0 }
    const config = {
      phases: [
        { policy: 'static', config: { weights }, until: { steps: 100 } },
        { policy: 'uniform', until: { steps: 100 } },
        { policy: 'static', config: { weights } },
      ],
      budgets: { code: { steps: 3 }, web: { steps: 2 }, math: { steps: 4 } },
    }
    const seen = drive(config, run, 9)
    expect(phases(seen)).toEqual([1, 1, 1, 2, 2, 2, 2, 3, 3, 3])
    expect(seen[6]!.weights).toEqual([0, 0, 1])
    expect(seen[9]!.weights).toEqual([0, 0, 1])
    expect(seen[9]!.proposal).toEqual({
      kind: 'hold',
      because:
        'Phase 3 of 3, static: Every domain that it gives weight to has used its budget; the mixture stays as it is.',
    })
  })

  it('of nothing keep a domain out from the start', () => {
    const seen = drive({ phases: [{ policy: 'uniform' }], budgets: { web: { tokens: 0 } } }, run, 1)
    expect(seen[0]!.weights).toEqual([0.5, 0, 0.5])
  })
})

describe('a phase of some domains', () => {
  it('gives the others exactly 0, and its policy knows of no other', () => {
    const config = {
      phases: [
        { policy: 'natural', domains: ['math', 'web'], until: { steps: 2 } },
        { policy: 'static', domains: ['code', 'math'], config: { weights: { math: 1, code: 3 } } },
      ],
    }
    const seen = drive(config, run, 3)
    expect(rounded(seen[0]!.weights)).toEqual([0, 0.666667, 0.333333])
    expect(seen[3]!.weights).toEqual([0.75, 0, 0.25])
    expectParts(seen)
  })

  it('restricts the mixture even while its policy waits for evidence', () => {
    const config = { phases: [{ policy: 'odm', domains: ['code', 'web'] }] }
    const [first] = drive(config, run, 0)
    expect(rounded(first!.weights)).toEqual([0.666667, 0.333333, 0])
    expect(first!.proposal).toMatchObject({
      because: { summary: expect.stringMatching(/^Phase 1 of 1, odm: No update yet/) },
    })
  })

  it('learns from its own domains as if there were no other', () => {
    const config = { phases: [{ policy: 'odm', domains: ['code', 'web'] }] }
    const losses = (step: number) => [2 + 1 / step, 3, 9]
    const part = drive(config, run, 6, { losses })
    const alone = drive({ phases: [{ policy: 'odm' }] }, start({ code: 2, web: 1 }), 6, {
      losses: (step) => losses(step).slice(0, 2),
    })
    part.slice(1).forEach(({ weights }, i) => {
      expect(weights[2]).toBe(0)
      expect(weights[0]).toBeCloseTo(alone[i + 1]!.weights[0]!, 14)
    })
    expectParts(part)
  })

  it('starts even where its domains had no weight', () => {
    const off = start({ code: 1, web: 0, math: 0 })
    expect(drive({ phases: [{ policy: 'static', domains: ['web', 'math'] }] }, off, 0)[0]!.weights).toEqual([
      0, 0.5, 0.5,
    ])
  })
})

describe('a transition', () => {
  const target = { code: 0.2, web: 0.3, math: 0.5 }
  const config = (transition: object) => ({
    phases: [
      { policy: 'static', until: { steps: 2 } },
      { policy: 'static', config: { weights: target }, transition },
    ],
  })

  it('moves evenly from the mixture at the beginning of the phase', () => {
    const seen = drive(config({ over: { steps: 4 } }), run, 8)
    expect(rounded(weightOf(seen, 0))).toEqual([0.6, 0.6, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, 0.2])
    expect(seen[4]!.proposal).toMatchObject({
      because: { summary: expect.stringContaining('The move to this mixture is 50 % done.') },
    })
    expectParts(seen)
  })

  it('moves slowly at both ends where it is a cosine', () => {
    const seen = drive(config({ over: { steps: 4 }, shape: 'cosine' }), run, 8)
    const half = (1 - Math.SQRT1_2) / 2
    expect(rounded(weightOf(seen, 0)).slice(2, 7)).toEqual(
      rounded([0.6, 0.6 - 0.4 * half, 0.4, 0.2 + 0.4 * half, 0.2]),
    )
    expectParts(seen)
  })

  it('takes a length in tokens or a share too, and goes into domains that are on their way', () => {
    const tokens = drive(config({ over: { tokens: 90 } }), run, 5)
    expect(rounded(weightOf(tokens, 0))).toEqual([0.6, 0.6, 0.6, 0.466667, 0.333333, 0.2])
    const part = drive(
      { phases: [{ policy: 'odm', domains: ['code', 'web'], transition: { over: { steps: 4 } } }] },
      run,
      5,
    )
    expect(rounded(weightOf(part, 2))).toEqual([0.1, 0.075, 0.05, 0.025, 0, 0])
    expectParts(part, true)
  })
})

describe('cycles', () => {
  const turn = [
    { policy: 'static', config: { weights: { code: 1, web: 0, math: 0 } }, until: { after: { steps: 2 } } },
    { policy: 'uniform', until: { after: { steps: 1 } } },
  ]

  it('go through the phases so often, and then the last one stays', () => {
    const seen = drive({ phases: turn, repeat: 2 }, run, 9)
    expect(phases(seen)).toEqual([1, 1, 2, 1, 1, 2, 2, 2, 2, 2])
    expect(seen[3]!.proposal).toMatchObject({
      because: { summary: expect.stringMatching(/^Round 2, phase 1 of 2, static: /) },
      controls: { phase: 1, round: 2 },
    })
  })

  it('go round for ever, but never more than once a step', () => {
    expect(phases(drive({ phases: turn, repeat: 'forever' }, run, 9))).toEqual([1, 1, 2, 1, 1, 2, 1, 1, 2, 1])
    const empty = turn.map((phase) => ({ ...phase, until: { after: { steps: 0 } } }))
    expect(drive({ phases: empty, repeat: 'forever' }, run, 3)).toHaveLength(4)
  })
})

describe('controls', () => {
  it('of a phase go with its weights, and alone where the weights stay', () => {
    const seen = drive(
      {
        phases: [
          { title: 'short', policy: 'static', controls: { sequenceLength: 4096 }, until: { steps: 1 } },
          { title: 'long', policy: 'static', controls: { sequenceLength: 32768 } },
        ],
      },
      run,
      2,
    )
    expect(seen.map(({ proposal }) => proposal)).toMatchObject([
      { kind: 'steer', controls: { sequenceLength: 4096, phase: 1 } },
      {
        kind: 'steer',
        controls: { sequenceLength: 32768, phase: 2 },
        because: {
          summary: 'Phase 2 of 2, long (static): The configured mixture is already in force.',
          parts: {},
        },
      },
      { kind: 'steer' },
    ])
  })

  const steering: AnyPolicy = {
    ...findPolicy('uniform')!,
    name: 'steering',
    output: 'controls',
    decide: () => ({
      kind: 'steer',
      controls: { temperature: 0.5 },
      because: { summary: 'It gets colder.', parts: {} },
    }),
  }
  const composite = scheduleOf((name) => (name === 'steering' ? steering : findPolicy(name)))
  const decide = (config: Parameters<typeof composite.decide>[0]) => {
    const state = composite.initialState(config, run)
    return composite.decide(
      config,
      composite.evolve(config, state, stepWith(1, [1, 1, 1], run.weights)),
      run.weights,
    )
  }

  it('of a policy that only steers are passed on with the title of the phase', () => {
    expect(decide({ phases: [{ policy: 'steering' }] })).toEqual({
      kind: 'steer',
      controls: { temperature: 0.5, phase: 1 },
      because: { summary: 'Phase 1 of 1, steering: It gets colder.', parts: {} },
    })
  })

  it('of such a policy go with the weights where the phase leaves domains out', () => {
    expect(decide({ phases: [{ policy: 'steering', domains: ['code', 'web'] }] })).toMatchObject({
      kind: 'reweigh',
      controls: { temperature: 0.5, phase: 1 },
      because: { summary: 'Phase 1 of 1, steering: It gets colder.', parts: { phase: expect.anything() } },
    })
  })
})

describe('a schedule inside a schedule', () => {
  it('has cycles, parts and budgets of its own', () => {
    const inner = {
      phases: [
        { policy: 'static', domains: ['code'], until: { after: { steps: 1 } } },
        { policy: 'static', config: { weights: { code: 1, web: 1 } }, until: { after: { steps: 2 } } },
      ],
      repeat: 'forever',
    }
    const seen = drive(
      {
        phases: [
          { policy: 'static', until: { steps: 2 } },
          { policy: 'schedule', config: inner, domains: ['code', 'web'], until: { after: { steps: 5 } } },
          { policy: 'uniform' },
        ],
        budgets: { web: { steps: 5 } },
      },
      run,
      8,
    )
    expect(rounded(weightOf(seen, 0))).toEqual([0.6, 0.6, 1, 0.5, 0.5, 1, 0.5, 0.5, 0.5])
    expect(seen[8]!.weights).toEqual([0.5, 0, 0.5])
    expect(seen[3]!.proposal).toMatchObject({
      because: {
        summary: expect.stringMatching(/^Phase 2 of 3, schedule: Round 1, phase 2 of 2, static: /),
      },
    })
    expectParts(seen)
  })

  it('says where its fault is', () => {
    const config = { phases: [{ policy: 'schedule', config: { phases: [{ policy: 'odn' }] } }] }
    expect(problemsOf(config, run)).toEqual([
      expect.stringContaining('phases[0].config: phases[0].policy: expected a known policy'),
    ])
  })
})

it.each<[object, string]>([
  [{ phases: [{ policy: 'uniform', domains: ['cod'] }] }, 'phases[0].domains: cod is no domain of this run'],
  [
    { phases: [{ policy: 'static', domains: ['code'], config: { weights: { code: 1, web: 1 } } }] },
    'phases[0].config: weights: web is no domain of this run, which has code',
  ],
  [
    { phases: [{ policy: 'uniform', budgets: { cod: { steps: 1 } } }] },
    'phases[0].budgets: expected budgets of code, web, math, got one of "cod"',
  ],
  [{ budgets: { code: {} } }, 'budgets.code: expected steps, tokens or passes, got none'],
  [
    { phases: [{ policy: 'uniform' }], repeat: 'often' },
    'expected a whole number at least 1 or "forever", got "often"',
  ],
  [{ phases: [{ policy: 'uniform' }], repeat: 2 }, 'phases[0].until: expected exactly one of'],
  [
    { phases: [{ policy: 'uniform', until: { any: [{ after: { steps: 1 } }, { steps: 3 }] } }], repeat: 2 },
    'got a position of the run (steps); say until.after.steps instead',
  ],
  [
    { phases: [{ policy: 'uniform', transition: { over: { share: 0.5 } } }] },
    'phases[0].transition.over.share: expected a run that declares its horizon',
  ],
])('refuses %j', (config, sentence) => {
  expect(problemsOf(config, run)).toContainEqual(expect.stringContaining(sentence))
})
