import type { Proposal } from '../policy.js'
import { hasLeft } from './schedule-budget.js'
import type { Phase, Plan } from './schedule-config.js'
import { begin, configOf, required, type Find } from './schedule-find.js'
import { mixtureAmong } from './schedule-part.js'
import { arriveAt, following, isPhaseOver, leftIn, limitsIn, type ScheduleState } from './schedule-state.js'

/**
 * Goes on to the phase in force once `step` is reached (null: before the first). Each phase is passed at most once a
 * fact, so that phases without length that are repeated do not go round for ever.
 */
export function settle(
  find: Find,
  plan: Plan,
  from: ScheduleState,
  step: number | null,
  budgets: boolean,
): ScheduleState {
  let state = from
  let asks = budgets
  for (let passed = 0; passed < plan.phases.length; passed++) {
    const next = following(plan, state)
    if (next === undefined) return state
    const over = isPhaseOver(plan.phases[state.phase]!, state, step ?? 0)
    if (!over && !(asks && isExhausted(find, plan, state))) return state
    const { track, start, tokens } = state
    const phase = plan.phases[next.phase]!
    const arrived = track && {
      ...track,
      ...arriveAt(phase, start),
      round: next.round,
      begun: { steps: step, tokens, weights: start.weights },
      used: track.used && { ...track.used, before: track.used.now },
    }
    state = {
      ...state,
      phase: next.phase,
      inner: begin(find, phase, start, arrived?.positions),
      ...(arrived === undefined ? {} : { track: arrived }),
    }
    asks = true
  }
  return state
}

/** Whether a domain has used up its budget in the step between two states. */
export function leavesNow(plan: Plan, phase: Phase, before: ScheduleState, after: ScheduleState): boolean {
  const limits = limitsIn(plan, phase, after)
  if (limits === undefined) return false
  const [old, now] = [before.track!.used!.now, after.track!.used!.now]
  return after.start.domains.some(
    (domain, i) =>
      now.steps[i] !== old.steps[i] && hasLeft(domain, i, now, limits) && !hasLeft(domain, i, old, limits),
  )
}

/** Whether every domain that the phase gives weight to has used its budget. */
function isExhausted(find: Find, plan: Plan, state: ScheduleState): boolean {
  const phase = plan.phases[state.phase]!
  const left = leftIn(plan, phase, state)
  if (left?.includes(true) !== true) return false
  const positions = state.track?.positions ?? left.map((_, i) => i)
  const asked = mixtureAmong(positions, state.start.weights)
  const proposal: Proposal = required(find, phase).decide(configOf(find, phase), state.inner, asked)
  const weights = proposal.kind === 'reweigh' ? proposal.weights : asked
  return positions.every((position, i) => left[position] === true || weights[i] === 0)
}
