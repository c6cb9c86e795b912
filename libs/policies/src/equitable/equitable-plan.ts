import { allocate, curveLoss, type Allocation, type Group } from './equitable-allocation.js'
import type { EquitableConfig, EquitableState } from './equitable-state.js'
import type { Json } from '../policy.js'
import { randomAt } from '../aioli/shuffled-order.js'

/** What to do with the next block: shares of its samples, or the sentence why there are none. */
export type Plan =
  | { readonly kind: 'hold'; readonly because: string }
  | { readonly kind: 'explore'; readonly shares: readonly number[] }
  | { readonly kind: 'allocate'; readonly shares: readonly number[]; readonly allocation: Allocation | null }

const hold = (because: string): Plan => ({ kind: 'hold', because })

/** The plan of a round: the same however often it is asked for, since a round keeps the sizes it began with. */
export function planFor(config: EquitableConfig, state: EquitableState, current: readonly number[]): Plan {
  if (state.curves.some((curve) => curve === null)) return exploration(config, state)
  const { held } = state.round
  const groups = state.curves.map((curve, i): Group => {
    const { cost, importance, cap } = state.terms[i]!
    return { curve: curve!, cost, importance, held: held[i]!, cap: cap ?? Infinity }
  })
  const spent = groups.reduce((total, group) => total + group.cost * group.held, 0)
  const left = config.budget === null ? config.block : config.budget - spent
  if (!(left > 0)) return hold(`The budget of ${config.budget} is spent.`)
  if (groups.every(({ curve }) => !(curve.scale > 0)))
    return hold('No learning curve falls with more samples, so no allocation is better than another.')

  const allocation = config.allocation === 'optimal' ? allocate(groups, spent + left, config.objective) : null
  const wanted =
    allocation?.samples.map((count, i) => count - held[i]!) ??
    winners(groups, config, Math.min(left, config.block))
  const total = wanted.reduce((a, b) => a + b, 0)
  if (!(total > 0 && total < Infinity))
    return hold('Every domain whose loss would fall has all the samples that there are.')
  const kept = keptShares(config, state, groups, current)
  const rest = Math.max(0, 1 - kept.reduce((a, b) => a + b, 0))
  return { kind: 'allocate', shares: wanted.map((count, i) => kept[i]! + (rest * count) / total), allocation }
}

/** With some chance per round, one block for a domain that has not been measured at enough sizes; else all stays as it is. */
function exploration(config: EquitableConfig, { curves, terms, round, points }: EquitableState): Plan {
  if (points.every((measured) => measured.length === 0)) {
    return hold(
      'No update yet: no evaluation has carried the held-out loss of a domain together with samples of it.',
    )
  }
  const unknown = `Not every domain has been evaluated at ${config.fewestSizes} sizes yet`
  if (randomAt(config.seed, round.number) / 2 ** 32 >= config.exploration)
    return hold(`${unknown}, and this round does not explore; the mixture stays as it is.`)
  // Drawn by name, so that the order of the domains makes no difference.
  const lots = curves.map((curve, i) => {
    const { key, cap } = terms[i]!
    const room = cap === null || cap > round.held[i]!
    return curve === null && room ? randomAt(config.seed ^ key, round.number) : -1
  })
  const highest = lots.reduce((a, b) => Math.max(a, b))
  if (highest < 0) return hold(`${unknown}, and those that have not are without samples to explore with.`)
  return { kind: 'explore', shares: lots.map((lot) => (lot === highest ? 1 : 0)) }
}

/** Sequential: the block goes to the domain to which it is worth most, or whose loss is largest; equals share it. */
function winners(groups: readonly Group[], { objective }: EquitableConfig, block: number): readonly number[] {
  const worth = groups.map(({ curve, importance, cost, held, cap }) => {
    if (!(curve.scale > 0) || cap <= held) return -1
    const loss = curveLoss(curve, held)
    return objective === 'max'
      ? loss
      : importance * (loss - curveLoss(curve, Math.min(held + block / cost, cap)))
  })
  const most = worth.reduce((a, b) => Math.max(a, b))
  return worth.map((one) => (one === most && most >= 0 ? 1 : 0))
}

/** A curve that looks flat after few sizes may be noise: until there are more, its domain keeps the share it has. */
function keptShares(
  config: EquitableConfig,
  { points }: EquitableState,
  groups: readonly Group[],
  current: readonly number[],
): readonly number[] {
  return groups.map(({ curve }, i) =>
    config.curves === null && !(curve.scale > 0) && points[i]!.length < config.sizesToStarve
      ? current[i]!
      : 0,
  )
}

/** As plain JSON: the loss of a domain without a sample is endless, and `null` there. */
export function plainAllocation({ samples, spent, losses, multiplier, level }: Allocation): Json {
  return {
    samples,
    spent,
    losses: losses.map((loss) => (Number.isFinite(loss) ? loss : null)),
    multiplier,
    level,
  }
}
