import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { Controls } from '@mixdesk/contracts'
import { configure, policies, type AnyPolicy, type PolicyFact, type PolicyStart } from '@mixdesk/policies'
// The settings that reach every branch of a policy are for tests alone, so no index has them.
// eslint-disable-next-line mixdesk/borders
import { settings, tasks, type Given } from '../../libs/policies/src/registry.fixture.js'

// Policies may not know the contracts, and yet what they send as controls is read by trainers that know nothing else.

const known = JSON.parse(JSON.stringify(Controls)) as { properties: Record<string, unknown> }
const check = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(known)

const names = ['d0', 'd1', 'd2']
const start: PolicyStart = {
  domains: names.map((name, i) => ({ name, tokens: 1000 * (i + 1) })),
  weights: [0.2, 0.3, 0.5],
  horizon: { steps: 100, tokens: 1_000_000 },
}

/** A number that fits a signal by its name: counts are whole, and successes no more than rollouts. */
function valueOf(signal: string, step: number, i: number): number {
  if (signal === 'rollouts') return 16
  if (signal === 'successes') return (5 * i + 3 * step) % 17
  return signal.startsWith('passBin') ? (i + step + signal.length) % 3 : ((i + 1) * (step + 2)) / 7
}

function factsOf(step: number, signals: readonly string[], inForce: readonly number[]): PolicyFact[] {
  const column = (value: (i: number) => number) => names.map((_, i) => value(i))
  const losses = column((i) => 3 + i - (step * (i + 1)) / 20)
  return [
    {
      kind: 'step',
      step,
      present: names.map(() => true),
      tokens: column(() => 512),
      lossSum: losses.map((loss) => 512 * loss),
      sequences: column(() => 4),
      signals: Object.fromEntries(signals.map((name) => [name, column((i) => valueOf(name, step, i))])),
      inForce,
    },
    {
      kind: 'evaluation',
      step,
      loss: losses,
      scores: Object.fromEntries(tasks.map((task, t) => [task, 1 + t + step / 10])),
    },
  ]
}

/** Every set of controls that a policy sends in a run of some steps. */
function controlsOf(policy: AnyPolicy, given: Given): readonly Readonly<Record<string, unknown>>[] {
  const configured = configure(policy, typeof given === 'function' ? given(names.length) : given, start)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  const { config } = configured
  const sent: Readonly<Record<string, unknown>>[] = []
  let state: unknown = policy.initialState(config, start)
  let current = start.weights
  for (let step = 0; step < 30; step++) {
    const proposal = policy.decide(config, state, current)
    if (proposal.kind !== 'hold' && proposal.controls !== undefined) sent.push(proposal.controls)
    if (proposal.kind === 'reweigh') current = proposal.weights
    const facts: readonly PolicyFact[] = [
      ...(proposal.kind === 'hold' ? [] : [{ kind: 'mixture' as const, step, weights: current }]),
      ...factsOf(step, policy.signals(config), current),
    ]
    for (const fact of facts) state = policy.evolve(config, state, fact)
  }
  return sent
}

const runs = policies.flatMap((policy) => (settings[policy.name] ?? [{}]).map((given) => ({ policy, given })))
const sending = runs.filter(({ policy }) => policy.output !== 'weights')

describe('controls', () => {
  it.each(policies.map((policy) => [policy.name, policy] as const))(
    'of %s are what trainers can read',
    (name) => {
      for (const { policy, given } of runs.filter((run) => run.policy.name === name)) {
        for (const controls of controlsOf(policy, given)) {
          check(controls)
          expect(check.errors).toBeNull()
          for (const [control, value] of Object.entries(controls)) {
            expect(Object.keys(known.properties)).toContain(control)
            if (Array.isArray(value)) expect(value).toHaveLength(names.length)
          }
        }
      }
    },
  )

  it.each(['difficulty-filter', 'cures', 'knapsack', 'loss-reweighting'])('are what %s is for', (name) => {
    const sent = sending
      .filter((run) => run.policy.name === name)
      .flatMap((run) => controlsOf(run.policy, run.given))
    expect(sent).not.toHaveLength(0)
  })

  it('may have other names, but known names only with what they mean', () => {
    expect(check({ anythingElse: [{}] })).toBe(true)
    expect(check({ rolloutCounts: [1.5] })).toBe(false)
    expect(check({ acceptBand: { low: 0.2 } })).toBe(false)
    expect(check({ rolloutSelection: { rule: 'gfpo' } })).toBe(false)
  })
})
