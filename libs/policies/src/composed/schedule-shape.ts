import type { Because, Controls, Proposal } from '../policy.js'
import { propose } from '../propose.js'
import { withoutSpent } from './schedule-budget.js'
import { spread } from './schedule-part.js'

/** What a phase makes of the proposal of its policy. */
export type Shape = {
  /** Where the domains of the phase are among all; undefined where it has all of them. */
  readonly positions: readonly number[] | undefined
  /** The mixture the policy was asked with: the current one among the domains of the phase. */
  readonly asked: readonly number[]
  /** How far the move from the mixture at the beginning of the phase has come, 0 to 1. */
  readonly transition: { readonly from: readonly number[]; readonly gone: number } | undefined
  /** Domains that have used their budgets. */
  readonly left: readonly boolean[] | undefined
  readonly names: readonly string[]
  readonly title: string
  readonly controls: Controls
  /** Whether the controls are worth a command of their own. */
  readonly steers: boolean
}

type Wish = { readonly weights: readonly number[]; readonly parts: Because['parts'] }

/** Puts a proposal for some of the domains in its place among all, on the way there, without those that have left. */
export function shape(proposal: Proposal, phase: Shape, current: readonly number[]): Proposal {
  const { title, left, transition } = phase
  const moves = proposal.kind === 'reweigh' || phase.positions !== undefined
  let wish = placed(proposal, phase, current)
  if (transition !== undefined && moves) wish = onTheWay(wish, transition, current)
  if (left?.includes(true)) {
    const weights = withoutSpent(wish.weights, left)
    if (weights === undefined) {
      return {
        kind: 'hold',
        because: `${title}Every domain that it gives weight to has used its budget; the mixture stays as it is.`,
      }
    }
    wish = withPart({ ...wish, weights }, 'budget', (i) => weights[i]! - wish.weights[i]!)
  }
  const said = proposal.kind === 'hold' ? proposal.because : proposal.because.summary
  const notes = notesOf(phase, moves)
  return propose(
    {
      ...wish,
      summary: `${title}${said}${notes}`,
      unchanged: `${title}${proposal.kind === 'hold' ? said : 'The mixture it asks for is in force.'}${notes}`,
      controls: phase.controls,
      ...(phase.steers ? { steers: true } : {}),
    },
    current,
  )
}

/** The proposal among all domains; a policy that holds wants what it was asked with. */
function placed(proposal: Proposal, { positions, asked }: Shape, current: readonly number[]): Wish {
  const weights = proposal.kind === 'reweigh' ? proposal.weights : asked
  const parts = proposal.kind === 'reweigh' ? proposal.because.parts : {}
  if (positions === undefined) return { weights, parts }
  const among = (values: readonly number[]) => spread(positions, values, current.length)
  const before = among(asked)
  const everywhere = Object.entries(parts).map(([name, values]) => [name, among(values)] as const)
  return withPart(
    { weights: among(weights), parts: Object.fromEntries(everywhere) },
    'phase',
    (i) => before[i]! - current[i]!,
  )
}

function onTheWay(
  wish: Wish,
  { from, gone }: NonNullable<Shape['transition']>,
  current: readonly number[],
): Wish {
  const weights = wish.weights.map((weight, i) => (1 - gone) * from[i]! + gone * weight)
  const parts = Object.entries(wish.parts).map(
    ([name, values]) => [name, values.map((value) => gone * value + 0)] as const,
  )
  return withPart(
    { weights, parts: Object.fromEntries(parts) },
    'transition',
    (i) => (1 - gone) * (from[i]! - current[i]!),
  )
}

/** Adds a part; where the policy, itself a schedule, has one of that name already, to that one. */
function withPart(wish: Wish, name: string, value: (i: number) => number): Wish {
  const before = wish.parts[name]
  const part = wish.weights.map((_, i) => value(i) + (before?.[i] ?? 0) + 0)
  return part.every((one) => one === 0) ? wish : { ...wish, parts: { ...wish.parts, [name]: part } }
}

function notesOf({ transition, left, names }: Shape, moves: boolean): string {
  const way =
    transition === undefined || !moves
      ? ''
      : ` The move to this mixture is ${(transition.gone * 100).toFixed(0)} % done.`
  const gone = names.filter((_, i) => left?.[i] === true)
  if (gone.length === 0) return way
  const more = gone.length > 3 ? ` and ${gone.length - 3} more` : ''
  return `${way} Out of budget: ${gone.slice(0, 3).join(', ')}${more}.`
}
