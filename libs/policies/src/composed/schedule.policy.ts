import type { Json, Policy, Proposal } from '../policy.js'
import { shareGone, tokensOf } from './position.js'
import { planOf, scheduleProblems } from './schedule-check.js'
import type { Phase, Plan, ScheduleConfig } from './schedule-config.js'
import { scheduleSchema } from './schedule-schema.js'
import { begin, configOf, required, type Find, type Need } from './schedule-find.js'
import { scheduleGuide } from './schedule-guide.js'
import { factAmong, mixtureAmong } from './schedule-part.js'
import { needsOfPreset } from './schedule-presets.js'
import { leavesNow, settle } from './schedule-settle.js'
import { shape, type Shape } from './schedule-shape.js'
import {
  firstTrack,
  follow,
  hasBudgets,
  isTracked,
  leftIn,
  sinceBegun,
  type ScheduleState,
} from './schedule-state.js'
import { measured } from './schedule-until.js'

/**
 * One policy after the other, in phases that end at a position of the run, after a length or when a loss or score is
 * reached; shipped recipes are `schedulePresets`. Cost per step: that of the phase's policy, and a sum over domains.
 * Takes the lookup as an argument, since the registry holds this policy too.
 */
export const schedule = (find: Find): Policy<ScheduleConfig, ScheduleState> => ({
  name: 'schedule',
  version: 1,
  title: 'Schedule',
  purpose:
    'Runs one policy after the other, in phases set by steps, tokens, a share of the run, or what a loss or score has reached.',
  cites: ['arXiv:2406.03476', 'arXiv:2410.04579', 'arXiv:2202.05531'],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: scheduleGuide,
  signals: (config) => [
    ...new Set(
      needsOf(config).flatMap((phase): readonly string[] =>
        required(find, phase).signals(configOf(find, phase)),
      ),
    ),
  ],
  evaluations(config) {
    const needs = needsOf(config)
    const conditions = needs.flatMap((phase) => measured(phase.until))
    const parts = needs.map((phase) => required(find, phase).evaluations?.(configOf(find, phase)) ?? {})
    const scores = new Set([
      ...parts.flatMap((part) => part.scores ?? []),
      ...conditions.flatMap((one) => ('task' in one ? [one.task] : [])),
    ])
    const heldOut =
      parts.some((part) => part.loss) || conditions.some((one) => 'domain' in one && one.of !== 'training')
    return {
      ...(heldOut ? ({ loss: true } as const) : {}),
      ...(scores.size > 0 ? { scores: [...scores] } : {}),
    }
  },
  defaults: {},
  schema: scheduleSchema,
  check: (config, start) => scheduleProblems(find, config, start),
  initialState(config, start) {
    const plan = planOf(config, start)
    const track = isTracked(plan) ? firstTrack(plan, start) : undefined
    const state: ScheduleState = {
      phase: 0,
      inner: begin(find, plan.phases[0]!, start, track?.positions),
      tokens: 0,
      start,
      ...(config.preset === undefined ? {} : { plan }),
      ...(track === undefined ? {} : { track }),
    }
    return settle(find, plan, state, null, true)
  },
  evolve(config, state, fact) {
    const plan = planIn(config, state)
    const phase = plan.phases[state.phase]!
    const inner: Json = required(find, phase).evolve(
      configOf(find, phase),
      state.inner,
      state.track?.positions ? factAmong(state.track.positions, fact) : fact,
    ) as Json
    if (fact.kind === 'mixture') return { ...state, inner, start: { ...state.start, weights: fact.weights } }
    if (fact.kind === 'advice' || (fact.kind === 'evaluation' && state.track === undefined))
      return inner === state.inner ? state : { ...state, inner }

    const folded: ScheduleState = {
      ...state,
      inner,
      tokens: fact.kind === 'step' ? Math.min(state.tokens + tokensOf(fact), Number.MAX_VALUE) : state.tokens,
      ...(state.track === undefined ? {} : { track: follow(state.track, phase, fact, state.start) }),
    }
    return settle(find, plan, folded, fact.step, hasBudgets(plan) && leavesNow(plan, phase, state, folded))
  },
  decide(config, state, current) {
    const plan = planIn(config, state)
    const phase = plan.phases[state.phase]!
    const { track } = state
    const asked = track?.positions ? mixtureAmong(track.positions, current) : current
    const proposal: Proposal = required(find, phase).decide(configOf(find, phase), state.inner, asked)
    const title = titleOf(plan, state)
    const controls = {
      ...(proposal.kind === 'hold' ? {} : proposal.controls),
      ...phase.controls,
      phase: state.phase + 1,
      ...(plan.repeat === undefined ? {} : { round: (track?.round ?? 0) + 1 }),
    }
    const steers = proposal.kind === 'steer' || phase.controls !== undefined
    const how = shapeOf(plan, state)
    if (how !== undefined) return shape(proposal, { ...how, asked, title, controls, steers }, current)
    if (proposal.kind === 'hold') {
      return steers
        ? { kind: 'steer', controls, because: { summary: title + proposal.because, parts: {} } }
        : { kind: 'hold', because: title + proposal.because }
    }
    return {
      ...proposal,
      because: { ...proposal.because, summary: title + proposal.because.summary },
      controls,
    }
  },
  wants(config, state) {
    const phase = planIn(config, state).phases[state.phase]!
    return required(find, phase).wants?.(configOf(find, phase), state.inner)
  },
})

const planIn = (config: ScheduleConfig, state: ScheduleState): Plan =>
  state.plan ?? planOf(config, state.start)

function needsOf(config: ScheduleConfig): readonly Need[] {
  return config.preset === undefined ? (config.phases ?? []) : needsOfPreset(config.preset)
}

/** What the phase does to the weights of its policy; undefined where nothing. */
function shapeOf(
  plan: Plan,
  state: ScheduleState,
): Pick<Shape, 'positions' | 'transition' | 'left' | 'names'> | undefined {
  const { track, start } = state
  if (track === undefined) return undefined
  const phase = plan.phases[state.phase]!
  const left = leftIn(plan, phase, state)
  const gone = goneIn(phase, state)
  if (track.positions === null && gone === 1 && left?.includes(true) !== true) return undefined
  return {
    positions: track.positions ?? undefined,
    transition: gone === 1 ? undefined : { from: track.begun.weights, gone },
    left,
    names: start.domains.map((domain) => domain.name),
  }
}

/** How far the move to the mixture of the phase has come. */
function goneIn({ transition }: Phase, state: ScheduleState): number {
  if (transition === undefined) return 1
  const gone = shareGone(transition.over, state.start.horizon, sinceBegun(state, state.track?.step ?? 0))
  return transition.shape === 'cosine' ? (1 - Math.cos(Math.PI * gone)) / 2 : gone
}

function titleOf(plan: Plan, { phase, track }: ScheduleState): string {
  const { title, policy } = plan.phases[phase]!
  const name = title === undefined ? policy : `${title} (${policy})`
  if (plan.repeat === undefined) return `Phase ${phase + 1} of ${plan.phases.length}, ${name}: `
  return `Round ${(track?.round ?? 0) + 1}, phase ${phase + 1} of ${plan.phases.length}, ${name}: `
}
