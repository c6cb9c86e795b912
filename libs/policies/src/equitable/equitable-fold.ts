import type { LearningCurve } from './equitable-allocation.js'
import type { EquitableConfig, EquitableState } from './equitable-state.js'
import type { EvaluationFact, StepFact } from '../policy.js'
import { fitPowerLaw, type SizedLoss } from '../evaluations/power-law-fit.js'

/** More than a loss can be: what is above it would only overflow in a fit. */
const highestLoss = 1e9
const mostSamples = 1e300

/** Adds a batch to the samples held; a block that is spent by it ends its round. */
export function withSamples(config: EquitableConfig, state: EquitableState, fact: StepFact): EquitableState {
  const came = config.unit === 'tokens' ? fact.tokens : fact.sequences
  if (came === undefined) return state
  let spent = 0
  const held = state.held.map((count, i) => {
    const next = fact.present[i] === true && came[i]! > 0 ? Math.min(count + came[i]!, mostSamples) : count
    spent += state.terms[i]!.cost * (next - state.round.held[i]!)
    return next
  })
  return spent >= config.block ? nextRound({ ...state, held }) : { ...state, held }
}

/** Adds what an evaluation measured to the curves, and begins a round with its first message. */
export function withEvaluation(
  config: EquitableConfig,
  state: EquitableState,
  fact: EvaluationFact,
): EquitableState {
  const measured = fact.loss.map((loss, i): SizedLoss | null => {
    const usable = loss !== null && loss >= 0 && loss <= highestLoss && state.held[i]! > 0
    // Adding 0 turns -0, which JSON cannot carry, into 0.
    return usable ? { size: state.held[i]!, loss: loss + 0 } : null
  })
  if (measured.every((one) => one === null)) return state
  const points = state.points.map((before, i) => {
    const point = measured[i] ?? null
    return point === null ? before : withPoint(before, point, config.historyPoints)
  })
  const curves = state.curves.map((before, i) =>
    points[i] === state.points[i] ? before : curveThrough(points[i]!, config.fewestSizes),
  )
  const next = { ...state, points, curves, evaluatedAt: fact.step }
  return fact.step === state.evaluatedAt ? next : nextRound(next)
}

const nextRound = (state: EquitableState): EquitableState => ({
  ...state,
  round: { number: state.round.number + 1, held: state.held },
})

/** Sizes only grow, so the newest is the last; where there are too many, every second one goes, but not the newest. */
function withPoint(points: readonly SizedLoss[], point: SizedLoss, most: number): readonly SizedLoss[] {
  const others = points.filter(({ size }) => size !== point.size)
  const all = [...others, point]
  return all.length <= most ? all : all.filter((_, i) => (all.length - 1 - i) % 2 === 0)
}

/** The curve through the points, or null where they are too few or say nothing that is finite. */
function curveThrough(points: readonly SizedLoss[], fewest: number): LearningCurve | null {
  const law = points.length < fewest ? undefined : fitPowerLaw(points)
  if (law === undefined) return null
  // From multiples of the smallest size to single samples.
  const scale = law.scale > 0 ? law.scale * Math.pow(law.unit, law.exponent) : 0
  const curve = { scale, exponent: law.exponent, irreducible: law.irreducible }
  return Object.values(curve).every(Number.isFinite) ? curve : null
}
