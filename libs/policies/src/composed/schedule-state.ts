import type { EvaluationFact, Json, PolicyStart, StepFact } from '../policy.js'
import type { Progress } from './position.js'
import { nothingUsed, spent, usedWith, type Limits, type Used } from './schedule-budget.js'
import type { Phase, Plan } from './schedule-config.js'
import { positionsOf } from './schedule-part.js'
import { isOver, measured, observe, singles } from './schedule-until.js'

export type ScheduleState = {
  readonly phase: number
  /** State of the phase's policy, begun when the phase began. */
  readonly inner: Json
  readonly tokens: number
  /** The run as the next phase will find it: `weights` is the newest mixture it took on. */
  readonly start: PolicyStart
  /** What a preset came to when the run began. It stays, whatever becomes of the preset. */
  readonly plan?: Plan
  /** Kept only where phases end by more than positions of the run, or do more than change the policy. */
  readonly track?: Track
}

export type Track = {
  readonly round: number
  /** The newest step it was told of. */
  readonly step: number
  /** Where the phase began; `steps` is null until the first fact of the run tells. */
  readonly begun: {
    readonly steps: number | null
    readonly tokens: number
    readonly weights: readonly number[]
  }
  readonly streaks: readonly number[]
  /** Where the domains of the phase are among those of the run; null where it has all of them. */
  readonly positions: readonly number[] | null
  /** Only where something is counted by domain. */
  readonly used: { readonly now: Used; readonly before: Used } | null
}

/** What needs a track: everything that was not there from the first. */
export function isTracked({ phases, repeat, budgets }: Plan): boolean {
  return (
    repeat !== undefined ||
    budgets !== undefined ||
    phases.some(
      ({ until, domains, budgets, transition }) =>
        domains !== undefined ||
        budgets !== undefined ||
        transition !== undefined ||
        (until !== undefined &&
          until.steps === undefined &&
          until.tokens === undefined &&
          until.share === undefined),
    )
  )
}

export function firstTrack(plan: Plan, start: PolicyStart): Track {
  const counts = plan.phases.some(({ until }) => singles(until).some(({ used }) => used !== undefined))
  const none = nothingUsed(start.domains.length)
  return {
    round: 0,
    step: 0,
    begun: { steps: null, tokens: 0, weights: start.weights },
    ...arriveAt(plan.phases[0]!, start),
    used: hasBudgets(plan) || counts ? { now: none, before: none } : null,
  }
}

/** What of a track starts over with a phase. */
export function arriveAt(phase: Phase, start: PolicyStart): Pick<Track, 'streaks' | 'positions'> {
  return {
    streaks: measured(phase.until).map(() => 0),
    positions: phase.domains === undefined ? null : positionsOf(phase.domains, start),
  }
}

export const hasBudgets = ({ phases, budgets }: Plan): boolean =>
  budgets !== undefined || phases.some((phase) => phase.budgets !== undefined)

/** What a fact adds to the track of a phase. */
export function follow(
  track: Track,
  phase: Phase,
  fact: StepFact | EvaluationFact,
  start: PolicyStart,
): Track {
  const { begun, used } = track
  return {
    ...track,
    step: fact.step,
    // A phase that was there before the first step began before it.
    begun:
      begun.steps === null ? { ...begun, steps: fact.kind === 'step' ? fact.step - 1 : fact.step } : begun,
    streaks: observe(phase.until, track.streaks, fact, start.domains),
    used: used === null || fact.kind !== 'step' ? used : { ...used, now: usedWith(used.now, fact) },
  }
}

/** How far a run is into its phase. */
export function sinceBegun(state: ScheduleState, step: number): Progress {
  const { begun } = state.track ?? { begun: { steps: null, tokens: 0 } }
  return { steps: begun.steps === null ? 0 : step - begun.steps, tokens: state.tokens - begun.tokens }
}

export function isPhaseOver(phase: Phase, state: ScheduleState, step: number): boolean {
  if (phase.until === undefined) return false
  return isOver(phase.until, {
    start: state.start,
    run: { steps: step, tokens: state.tokens },
    phase: sinceBegun(state, step),
    streaks: state.track?.streaks ?? [],
    used: state.track?.used ?? null,
  })
}

/** What limits domains in this phase; undefined where nothing does. */
export function limitsIn(plan: Plan, phase: Phase, { track }: ScheduleState): Limits | undefined {
  if (!track?.used || (plan.budgets === undefined && phase.budgets === undefined)) return undefined
  return { run: plan.budgets, phase: phase.budgets, before: track.used.before }
}

/** Which domains have used what the run or the phase gives them; undefined where nothing is limited. */
export function leftIn(plan: Plan, phase: Phase, state: ScheduleState): readonly boolean[] | undefined {
  const limits = limitsIn(plan, phase, state)
  return limits && spent(state.start.domains, state.track!.used!.now, limits)
}

/** The phase after this one and its round, or undefined where this one stays. */
export function following(plan: Plan, state: ScheduleState): { phase: number; round: number } | undefined {
  const round = state.track?.round ?? 0
  if (state.phase < plan.phases.length - 1) return { phase: state.phase + 1, round }
  const { repeat } = plan
  if (repeat === undefined || (typeof repeat === 'number' && round + 1 >= repeat)) return undefined
  return { phase: 0, round: round + 1 }
}
