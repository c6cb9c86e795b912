import { fitLine } from '../numerics/fit-line.js'
import { hingedMinimum, penaltyOf, type Hinges, type Quadratic, type Triple } from './hinged-quadratic.js'
import type { ScalingLaw } from './scaling-law.js'

/** Losses of one domain, nats, against the amount of data seen by then; both positive, the same length, at least one. */
export type LossCurve = { readonly counts: readonly number[]; readonly losses: readonly number[] }

export type FitOptions = {
  /** Where the loss of a residual of the logarithm turns from quadratic to linear. */
  readonly huberDelta: number
  readonly lowestExponent: number
  readonly highestExponent: number
  readonly lowestLogIrreducible: number
  readonly highestLogScale: number
  /** What a parameter pays for each unit beyond its bound, against the sum over points. */
  readonly penalty: number
}

/** Beyond these nothing is distinguishable, e^−50 of a loss being rounding; they keep flat directions finite. */
const lowestLogScale = -50
const lowestLogIrreducible = -20
const highestLogIrreducible = 20

const exponents = 12
const mostSteps = 100

type Problem = {
  readonly logCounts: readonly number[]
  readonly logLosses: readonly number[]
  readonly losses: readonly number[]
  readonly huberDelta: number
  readonly hinges: Hinges
}

/**
 * Fits a scaling law by the objective of Adaptive Data Optimization: the sum of Huber terms of ln(law) − ln(loss), plus what
 * parameters pay beyond their bounds. Deterministic and without random starts: given an exponent the law is a line, so a scan
 * over exponents finds the basin, and damped Gauss-Newton steps on reweighted residuals go to its bottom, where the kinks of the
 * penalties are solved exactly. Undefined where a count or loss is not positive and finite.
 * O(points): 12 lines, then at most 100 steps of one pass each, from one or two basins.
 */
export function fitScalingLaw(curve: LossCurve, options: FitOptions): ScalingLaw | undefined {
  const sound = (value: number) => value > 0 && value < Infinity
  if (curve.counts.length === 0 || !curve.counts.every(sound) || !curve.losses.every(sound)) return undefined
  const problem = problemOf(curve, options)
  let best: Triple | undefined
  let least = Infinity
  for (const start of basins(problem)) {
    const end = descend(problem, start)
    const value = objective(problem, end)
    if (value < least) [best, least] = [end, value]
  }
  return best === undefined ? undefined : { logScale: best[0], logIrreducible: best[1], exponent: best[2] }
}

/** The objective at a law. (The published code subtracts a constant wherever the exponent is above its lower bound.) */
export function scalingLawObjective(curve: LossCurve, law: ScalingLaw, options: FitOptions): number {
  return objective(problemOf(curve, options), [law.logScale, law.logIrreducible, law.exponent])
}

function problemOf(curve: LossCurve, options: FitOptions): Problem {
  const { penalty, huberDelta } = options
  const bounded = options.lowestLogIrreducible > lowestLogIrreducible
  return {
    logCounts: curve.counts.map(Math.log),
    logLosses: curve.losses.map(Math.log),
    losses: curve.losses,
    huberDelta,
    hinges: [
      { low: lowestLogScale, below: Infinity, high: options.highestLogScale, above: penalty },
      {
        low: bounded ? options.lowestLogIrreducible : lowestLogIrreducible,
        below: bounded ? penalty : Infinity,
        high: highestLogIrreducible,
        above: Infinity,
      },
      { low: options.lowestExponent, below: penalty, high: options.highestExponent, above: penalty },
    ],
  }
}

/** ln(exp(a) + exp(b)) */
function logAdd(a: number, b: number): number {
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))
}

function objective({ logCounts, logLosses, huberDelta, hinges }: Problem, at: Triple): number {
  const [logScale, logIrreducible, exponent] = at
  let total = penaltyOf(hinges, at)
  for (let i = 0; i < logCounts.length; i++) {
    const off = Math.abs(logAdd(logScale - exponent * logCounts[i]!, logIrreducible) - logLosses[i]!)
    total += off > huberDelta ? huberDelta * (off - 0.5 * huberDelta) : 0.5 * off * off
  }
  return total
}

/** Starts: the best line over a grid of exponents, and the best far from it where it is not much worse. */
function basins(problem: Problem): readonly Triple[] {
  const [, , exponent] = problem.hinges
  const found = Array.from({ length: exponents }, (_, place) => {
    const power = exponent.low + ((exponent.high - exponent.low) * place) / (exponents - 1)
    const at = lineAt(problem, power, lineAt(problem, power, undefined))
    return { at, place, value: objective(problem, at) }
  }).sort((a, b) => a.value - b.value)
  const best = found[0]!
  const other = found.find(({ place }) => Math.abs(place - best.place) > exponents / 4)
  return other !== undefined && other.value < 2 * best.value ? [best.at, other.at] : [best.at]
}

/**
 * The best law with this exponent, nearly: residuals of logarithms are about relative residuals, which are linear in it. Weighted
 * as the Huber terms at the law before weigh them, so that outliers count little.
 */
function lineAt(
  { logCounts, logLosses, losses, huberDelta, hinges }: Problem,
  exponent: number,
  before: Triple | undefined,
): Triple {
  const largest = logCounts[logCounts.length - 1]!
  const shape = logCounts.map((logCount) => Math.exp(exponent * (largest - logCount)))
  let least = Infinity
  const weight = losses.map((loss, i) => {
    least = Math.min(least, loss)
    if (before === undefined) return 1 / (loss * loss)
    const off = logAdd(before[0] - before[2] * logCounts[i]!, before[1]) - logLosses[i]!
    return 1 / (loss * loss * Math.max(huberDelta, Math.abs(off)))
  })
  const [scale, irreducible] = hinges
  // Near 0 the objective is level in the logarithm, and a descent would stay there.
  const bounds = { lowest: Math.max(Math.exp(irreducible.low), 0.02 * least), highest: Infinity }
  const { constant, slope } = fitLine(shape, losses, weight, bounds)
  return [
    Math.max(Math.log(slope) + exponent * largest, scale.low),
    inside(Math.log(constant), irreducible),
    exponent,
  ]
}

const inside = (value: number, { low, high }: { readonly low: number; readonly high: number }): number =>
  Math.min(Math.max(value, low), high)

/** Levenberg-Marquardt on the quadratics that touch the Huber terms from above, so that no step goes up. */
function descend(problem: Problem, start: Triple): Triple {
  let at = start
  let value = objective(problem, at)
  let damping = 1e-3
  for (let step = 0; step < mostSteps; step++) {
    const touching = quadraticAt(problem, at)
    let next = at
    let reached = Infinity
    for (; damping < 1e9; damping *= 8) {
      const stepped = hingedMinimum(damped(touching, damping), problem.hinges, at)
      // The valley is narrow and bends with the exponent; the line for the new exponent lies at its bottom.
      const lined = lineAt(problem, stepped[2], at)
      ;[next, reached] = [stepped, lined]
        .map((one): [Triple, number] => [one, objective(problem, one)])
        .reduce((a, b) => (b[1] < a[1] ? b : a))
      if (reached <= value) break
    }
    const gain = value - reached
    if (!(gain > 0)) return at
    at = next
    value = reached
    damping = Math.max(damping / 16, 1e-12)
    if (gain <= 1e-7 * value + 1e-20) return at
  }
  return at
}

function damped({ gradient, curvature }: Quadratic, damping: number): Quadratic {
  const [c00, c01, c02, c11, c12, c22] = curvature
  const grow = (entry: number) => entry * (1 + damping) + 1e-18
  return { gradient, curvature: [grow(c00), c01, c02, grow(c11), c12, grow(c22)] }
}

function quadraticAt({ logCounts, logLosses, huberDelta }: Problem, at: Triple): Quadratic {
  const [logScale, logIrreducible, exponent] = at
  let [g0, g1, g2] = [0, 0, 0]
  let [c00, c01, c02, c11, c12, c22] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < logCounts.length; i++) {
    const gap = logScale - exponent * logCounts[i]! - logIrreducible
    const small = Math.exp(-Math.abs(gap))
    const off = Math.max(gap, 0) + Math.log1p(small) + logIrreducible - logLosses[i]!
    // The share of the reducible part in the prediction is its slope in logScale; the rest is the slope in logIrreducible.
    const share = (gap > 0 ? 1 : small) / (1 + small)
    const rest = (gap > 0 ? small : 1) / (1 + small)
    const inExponent = -share * logCounts[i]!
    const weight = Math.min(1, huberDelta / Math.abs(off))
    g0 += weight * off * share
    g1 += weight * off * rest
    g2 += weight * off * inExponent
    c00 += weight * share * share
    c01 += weight * share * rest
    c02 += weight * share * inExponent
    c11 += weight * rest * rest
    c12 += weight * rest * inExponent
    c22 += weight * inExponent * inExponent
  }
  return { gradient: [g0, g1, g2], curvature: [c00, c01, c02, c11, c12, c22] }
}
