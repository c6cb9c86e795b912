import type { Controls, Proposal } from './policy.js'
import { toMixture } from './numerics/to-mixture.js'

/** Differences up to this size are rounding, not a wish. */
const rounding = 1e-15

type Wish = {
  readonly weights: readonly number[]
  readonly summary: string
  /** What the policy can name of the change. What it cannot is added as `carriedOver`. */
  readonly parts: Readonly<Record<string, readonly number[]>>
  /** The sentence for the case that the run already has these weights. */
  readonly unchanged: string
  readonly controls?: Controls
  /** Says that the controls are a decision of their own: sent even where the weights stay. Left out: they only accompany weights. */
  readonly steers?: true
}

/**
 * Turns what a policy wants into a proposal that keeps every promise of one: a mixture or a hold, and parts that add up.
 * `carriedOver` is the gap between the policy's own last weights and the mixture the run has, which guard rails,
 * an override or an unanswered proposal opened; it is left out where there is none.
 */
export function propose(wish: Wish, current: readonly number[]): Proposal {
  const weights = toMixture(wish.weights)
  if (weights === undefined || weights.length !== current.length) {
    return {
      kind: 'hold',
      because: `The computed weights are no mixture of ${current.length} domains (each finite and at least 0, the sum positive); the mixture stays as it is.`,
    }
  }
  if (weights.every((weight, i) => Math.abs(weight - current[i]!) <= rounding)) {
    const { controls, steers, summary } = wish
    if (controls !== undefined && steers) return { kind: 'steer', controls, because: { summary, parts: {} } }
    return { kind: 'hold', because: wish.unchanged }
  }
  const named = Object.values(wish.parts)
  const carriedOver = weights.map((weight, i) => {
    let rest = weight - current[i]!
    for (const part of named) rest -= part[i]!
    return rest
  })
  const complete = carriedOver.every((rest) => Math.abs(rest) <= 1e-12)
  return {
    kind: 'reweigh',
    weights,
    because: { summary: wish.summary, parts: complete ? wish.parts : { ...wish.parts, carriedOver } },
    ...(wish.controls === undefined ? {} : { controls: wish.controls }),
  }
}
