import { configure } from '../configure.js'
import type { PolicyFact, PolicyStart, Proposal } from '../policy.js'
import { findPolicy } from '../registry.js'
import type { ScheduleState } from './schedule-state.js'
import { schedule as scheduleOf } from './schedule.policy.js'
import { stepWith } from '../step-fact.fixture.js'
import { toMixture } from '../numerics/to-mixture.js'

export const schedule = scheduleOf(findPolicy)

export type Seen = {
  readonly step: number
  readonly weights: readonly number[]
  readonly phase: number
  readonly proposal: Proposal
  readonly state: ScheduleState
}

type Told = {
  /** Tokens of each domain that has weight, a step. */
  readonly tokens?: number
  readonly firstStep?: number
  /** Training losses; 2 nats in every domain where left out. */
  readonly losses?: (step: number) => readonly (number | null)[]
  /** Held-out losses by name and scores, told after the step. */
  readonly evaluate?: (step: number) => {
    readonly loss?: Readonly<Record<string, number>>
    readonly scores?: Readonly<Record<string, number>>
  }
}

export function start(
  weights: Readonly<Record<string, number>>,
  horizon?: NonNullable<PolicyStart['horizon']>,
  tokens: Readonly<Record<string, number>> = {},
): PolicyStart {
  return {
    domains: Object.keys(weights).map((name) => ({
      name,
      ...(tokens[name] === undefined ? {} : { tokens: tokens[name] }),
    })),
    weights: toMixture(Object.values(weights))!,
    ...(horizon === undefined ? {} : { horizon }),
  }
}

export function configured(config: object, run: PolicyStart) {
  const made = configure(schedule, config, run)
  if (!made.ok) throw new Error(made.problems.join(' '))
  return made.config
}

export function problemsOf(config: object, run: PolicyStart): readonly string[] {
  const made = configure(schedule, config, run)
  return made.ok ? [] : made.problems
}

/** A little run whose trainer does at once what it is told, asked after every step; entry 0 is before the first. */
export function drive(given: object, run: PolicyStart, steps: number, told: Told = {}): readonly Seen[] {
  const config = configured(given, run)
  const { tokens = 10, firstStep = 1, losses, evaluate } = told
  let state = schedule.initialState(config, run)
  let weights = run.weights
  const tell = (fact: PolicyFact) => {
    // As if every fact came after a restart.
    const stored = JSON.parse(JSON.stringify(state)) as ScheduleState
    state = schedule.evolve(config, stored, fact)
  }
  const seen: Seen[] = []
  const ask = (step: number) => {
    const proposal = schedule.decide(config, state, weights)
    if (proposal.kind === 'reweigh') {
      ;({ weights } = proposal)
      tell({ kind: 'mixture', step, weights })
    }
    seen.push({ step, weights, phase: state.phase + 1, proposal, state })
  }
  ask(firstStep - 1)
  for (let step = firstStep; step < firstStep + steps; step++) {
    const among = losses?.(step) ?? weights.map((weight) => (weight > 0 ? 2 : null))
    tell(stepWith(step, among, weights, tokens))
    const { loss, scores = {} } = evaluate?.(step) ?? {}
    if (evaluate !== undefined)
      tell({
        kind: 'evaluation',
        step,
        loss: run.domains.map(({ name }) => loss?.[name] ?? null),
        scores,
      })
    ask(step)
  }
  return seen
}

export const phases = (seen: readonly Seen[]) => seen.map((one) => one.phase)
export const weightOf = (seen: readonly Seen[], i: number) => seen.map((one) => one.weights[i]!)
