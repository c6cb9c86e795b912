import { probeSteps, type AioliConfig } from './aioli-config.js'
import {
  blend,
  columnSums,
  normaliseInteraction,
  probeMixture,
  solveInteraction,
  type Interaction,
} from './aioli-interaction.js'
import { drawOrder, wish, type AioliState, type Probe } from './aioli-state.js'
import { gather } from '../evaluations/gather-evaluation.js'
import { keepFinite } from '../numerics/keep-finite.js'
import type { EvaluationFact, StepFact } from '../policy.js'
import { softmax } from '../numerics/softmax.js'

/** Counts a closed step for the probe it was sampled under, or for the training between rounds. */
export function stepped(config: AioliConfig, state: AioliState, fact: StepFact): AioliState {
  const { probe, inForce } = state
  const here = { ...state, step: fact.step }
  if (probe !== null) {
    if (!probe.accepted || !isNear(fact.inForce, inForce)) return advance(config, here)
    const steps = probe.steps + 1
    const due = probe.due ?? (steps >= config.stepsPerProbe ? fact.step : null)
    const mixtures = mixturesWith(config, state, probe, fact.inForce)
    return advance(config, { ...here, probe: { ...probe, steps, due, mixtures } })
  }
  if (state.phase !== 'training') return advance(config, here)
  const stepsLeft = state.stepsLeft - 1
  if (stepsLeft > 0) return { ...here, stepsLeft }
  return advance(config, { ...here, stepsLeft: 0, phase: 'waiting', boundary: fact.step })
}

/** Keeps the newest evaluation, for whatever waits for one. */
export function evaluatedAt(config: AioliConfig, state: AioliState, fact: EvaluationFact): AioliState {
  const gathered = gather(state.latest, fact.step, fact.loss)
  return gathered === undefined ? state : advance(config, { ...state, latest: gathered.newest })
}

/** Uses the newest evaluation if something waits for it: it begins a round, or ends a probe. */
function advance(config: AioliConfig, state: AioliState): AioliState {
  const { probe, latest } = state
  const since = probe === null ? state.boundary : probe.due
  if (latest === null || since === null || latest.step < since || state.phase === 'training') return state
  // Where domains are missing another message of the same evaluation may bring them, but not once a later step has closed.
  if (latest.losses.includes(null) && state.step <= latest.step) return state
  // No evaluation counts twice.
  const used = { ...state, latest: null }
  if (probe === null) {
    const { weights } = state
    return {
      ...used,
      phase: 'probing',
      probe: begun(config, state, 0, latest.losses),
      columns: weights.map(() => []),
      bent: weights.map(() => null),
      measured: weights.map(() => true),
    }
  }
  const measured = afterProbe(used, probe, latest.losses)
  if (probe.at + 1 < state.order.length)
    return { ...measured, probe: begun(config, measured, probe.at + 1, latest.losses) }
  return finished(config, measured)
}

/** The probe at this place. The mixture in force may be the one it wants already; then nobody takes it on again. */
function begun(
  config: AioliConfig,
  state: AioliState,
  at: number,
  before: readonly (number | null)[],
): Probe {
  const intended = probeMixture(state.weights.length, state.order[at]!, config.oneHotFactor)
  const accepted = isNear(intended, state.inForce, 1e-15)
  return { at, steps: 0, accepted, due: null, mixtures: null, before }
}

function mixturesWith(
  config: AioliConfig,
  state: AioliState,
  probe: Probe,
  inForce: readonly number[],
): readonly number[] | null {
  const intended = wish(config, state)
  if (probe.mixtures === null && isNear(inForce, intended)) return null
  const before = probe.mixtures ?? intended.map((weight) => weight * probe.steps)
  return before.map((total, i) => total + inForce[i]!)
}

/** Adds the falls of a probe to its column. */
function afterProbe(state: AioliState, probe: Probe, losses: readonly (number | null)[]): AioliState {
  const domain = state.order[probe.at]!
  const old = state.columns[domain]!
  const fell = losses.map((loss, i) => {
    const before = probe.before[i] ?? null
    return loss === null || before === null ? 0 : keepFinite(before) - keepFinite(loss)
  })
  const mixture = probe.mixtures?.map((total) => total / probe.steps) ?? null
  const earlier = state.bent[domain]!
  return {
    ...state,
    columns: state.columns.map((column, j) =>
      j === domain ? fell.map((fall, i) => (old[i] ?? 0) + fall) : column,
    ),
    // Sweeps bent differently count with the newest, which is rare enough.
    bent: state.bent.map((one, j) => (j === domain ? (mixture ?? earlier) : one)),
    measured: state.measured.map((one, i) => one && losses[i] !== null && probe.before[i] !== null),
  }
}

/** All probes done: interactions, weights, and training under them. */
function finished(config: AioliConfig, state: AioliState): AioliState {
  const domains = state.weights.length
  const next: AioliState = {
    ...state,
    ...drawOrder(config, domains, state.drawn),
    updates: state.updates + 1,
    phase: 'training',
    stepsLeft: Math.max(1, config.updateSteps - probeSteps(config, domains)),
    probe: null,
    columns: state.columns.map(() => []),
    because: null,
  }
  if (!state.measured.includes(true)) {
    return {
      ...next,
      because: 'No domain had a held-out loss around every probe of the round, so the weights stay.',
    }
  }
  const falls = state.measured.map((known, i) =>
    state.columns.map((column) => (known ? column[i]! / config.sweeps + 0 : 0)),
  )
  const { oneHotFactor, diagonal } = config
  const solved = solveInteraction(falls, { oneHotFactor, diagonal, bent: state.bent })
  if (solved === undefined) {
    return {
      ...next,
      because:
        'Guard rails or overrides made the probes of the round too alike to tell apart, so the weights stay.',
    }
  }
  const interaction = (config.normalise ? normaliseInteraction(solved, state.measured) : solved).map((row) =>
    row.map((entry) => entry + 0),
  )
  if (config.ema !== null) {
    const average = state.average === null ? interaction : blend(state.average, interaction, config.ema)
    return { ...next, interaction, average, weights: softmax(exponents(config, average)) }
  }
  const sums = exponents(config, interaction)
  const raised = state.logits.map((logit, j) => keepFinite(logit + sums[j]!))
  const highest = raised.reduce((a, b) => Math.max(a, b), -Infinity)
  const logits = raised.map((logit) => logit - highest)
  return { ...next, interaction, logits, weights: softmax(logits) }
}

const exponents = (config: AioliConfig, matrix: Interaction): readonly number[] =>
  columnSums(matrix).map((total) => keepFinite(config.stepSize * total))

function isNear(a: readonly number[], b: readonly number[], tolerance = 1e-9): boolean {
  for (let i = 0; i < a.length; i++) if (!(Math.abs(a[i]! - b[i]!) <= tolerance)) return false
  return true
}
