import { gather, type Gathered } from './gather-evaluation.js'
import type { EvaluationFact } from '../policy.js'
import { toMixture } from '../numerics/to-mixture.js'

/** State of a rule that moves its own weights once an evaluation, then mixes them with the uniform mixture. */
export type Ascent = {
  readonly weights: readonly number[]
  /** The weights before the newest evaluation, which may still go on. */
  readonly before: readonly number[]
  readonly newest: Gathered | null
  readonly evaluations: number
  /** What each term moved since the last mixture fact. */
  readonly moved: { readonly losses: readonly number[]; readonly smoothing: readonly number[] }
}

export function beginAscent(weights: readonly number[]): Ascent {
  return { weights, before: weights, newest: null, evaluations: 0, moved: stillness(weights.length) }
}

/** Parts of the next explanation start over: the run took a mixture on. */
export function explainedUpToHere<State extends Ascent>(state: State): State {
  return { ...state, moved: stillness(state.weights.length) }
}

/**
 * Folds the held-out losses of an evaluation. `raise` moves weights by losses (`null` where a domain was not evaluated);
 * `smoothing` is the share of the uniform mixture afterwards. An evaluation that comes in several messages counts once,
 * from the weights before its first one.
 */
export function ascendBy<State extends Ascent>(
  state: State,
  fact: EvaluationFact,
  smoothing: number,
  raise: (weights: readonly number[], losses: readonly (number | null)[]) => readonly number[],
): State {
  const gathered = gather(state.newest, fact.step, fact.loss)
  if (gathered === undefined) return state
  const { newest, continues } = gathered
  const taken = (from: readonly number[], losses: readonly (number | null)[]) => {
    const raised = raise(from, losses)
    return { raised, smoothed: raised.map((weight) => (1 - smoothing) * weight + smoothing / raised.length) }
  }
  const before = continues ? state.before : state.weights
  const old = continues ? taken(before, state.newest!.losses) : { raised: before, smoothed: before }
  const { raised, smoothed } = taken(before, newest.losses)
  const weights = toMixture(smoothed)
  if (weights === undefined) return state
  return {
    ...state,
    weights,
    before,
    newest,
    evaluations: state.evaluations + (continues ? 0 : 1),
    moved: {
      losses: state.moved.losses.map((total, i) => total + (raised[i]! - old.raised[i]!)),
      smoothing: state.moved.smoothing.map(
        (total, i) => total + (smoothed[i]! - raised[i]! - (old.smoothed[i]! - old.raised[i]!)),
      ),
    },
  }
}

function stillness(domains: number): Ascent['moved'] {
  const zeros = new Array<number>(domains).fill(0)
  return { losses: zeros, smoothing: zeros }
}
