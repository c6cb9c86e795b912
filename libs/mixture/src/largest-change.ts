import {
  between,
  distance,
  entropyOf,
  few,
  firstOnTheWay,
  inBox,
  intoBox,
  projected,
  renormalise,
  round,
  tolerance,
  type Box,
} from './box.js'

export type ChangeLimits = {
  /** Largest sum over domains of |new − old|; 2 cannot bite. */
  readonly total: number
  /** Largest |new − old| of each domain; undefined where none is limited. */
  readonly byDomain: readonly number[] | undefined
  /** Entropy to keep, nats; the mixture asked for has it. */
  readonly lowestEntropy: number
}

/**
 * Cuts a change that is too large; undefined when it is not. `wanted` lies in the box. First to the nearest mixture within
 * each domain's limit, then along the straight way from where the run is. Where the mixture before obeys the other guard
 * rails, the result obeys all of them, for what they allow is convex. Where it does not (an override, a domain used up),
 * they go first, and the result changes as little as they let it.
 */
export function cutChange(
  wanted: readonly number[],
  current: readonly number[],
  box: Box,
  limits: ChangeLimits,
  names: readonly string[],
): { readonly weights: readonly number[]; readonly because: string } | undefined {
  const excess = excessOf(wanted, current, limits, names)
  if (excess.length === 0) return undefined
  const { byDomain, lowestEntropy } = limits
  const around = byDomain === undefined ? box : within(box, current, byDomain)
  // Where nothing of the box lies within every domain's limit: the least change there is.
  const start = inBox(current, around, tolerance)
    ? current
    : (projected(current, around) ?? intoBox(current, box))
  const cut = inBox(start, around, tolerance)
    ? shortened(wanted, current, start, around, limits.total)
    : start
  const weights = withEntropy(cut, start, wanted, lowestEntropy)
  return { weights, because: sentence(excess, excessOf(weights, current, limits, names), weights, current) }
}

/** A change above its limit; of one domain, or of all of them together. */
type Excess = { readonly change: number; readonly limit: number; readonly domain?: string }

function excessOf(
  weights: readonly number[],
  current: readonly number[],
  { total, byDomain }: ChangeLimits,
  names: readonly string[],
): readonly Excess[] {
  const change = distance(weights, current)
  // Rounding noise is no change too large; neither is it worth a bite.
  const inAll = change > total + tolerance ? [{ change, limit: total }] : []
  if (byDomain === undefined) return inAll
  const ofDomains = weights.flatMap((weight, i) => {
    const step = Math.abs(weight - current[i]!)
    return step > byDomain[i]! + tolerance ? [{ change: step, limit: byDomain[i]!, domain: names[i]! }] : []
  })
  return [...inAll, ...ofDomains]
}

function sentence(
  excess: readonly Excess[],
  left: readonly Excess[],
  weights: readonly number[],
  current: readonly number[],
): string {
  const said = excess.map(({ change, limit, domain }) => {
    const of = domain === undefined ? `${round(change)}` : `"${domain}" by ${round(change)}`
    return `of ${of} ${left.length === 0 ? 'was' : 'was to be'} cut to ${round(limit)}`
  })
  const but =
    left.length === 0
      ? ''
      : `, but the mixture before lies outside what the other guard rails allow, which goes first: it is ${round(distance(weights, current))}`
  return `The change ${few(said, 4)}${but}.`
}

/** A box cut to where every domain's limit reaches. A domain from which the box is out of reach goes to its border. */
function within({ lower, upper }: Box, current: readonly number[], byDomain: readonly number[]): Box {
  return {
    lower: lower.map((floor, i) => Math.min(Math.max(floor, current[i]! - byDomain[i]!), upper[i]!)),
    upper: upper.map((ceiling, i) => Math.max(Math.min(ceiling, current[i]! + byDomain[i]!), lower[i]!)),
  }
}

/** As far towards what is wanted as the total allows. `start` is the mixture before, or the nearest to it in the box. */
function shortened(
  wanted: readonly number[],
  current: readonly number[],
  start: readonly number[],
  around: Box,
  total: number,
): readonly number[] {
  const to = inBox(wanted, around) ? wanted : intoBox(wanted, around)
  const change = distance(to, current)
  if (change <= total + tolerance) return to
  if (start === current) {
    const slowed = between(current, to, total / change)
    return inBox(slowed, around) ? renormalise(slowed) : intoBox(slowed, around)
  }
  // The Euclidean projection of a mixture onto a box is also a nearest one in sum: there is no smaller change than this.
  if (distance(start, current) >= total) return start
  return firstOnTheWay(to, start, (weights) => distance(weights, current) <= total)
}

/** A cut change may end below the entropy floor: then further back, where that has enough of it, or further on. */
function withEntropy(
  cut: readonly number[],
  start: readonly number[],
  wanted: readonly number[],
  lowest: number,
): readonly number[] {
  const enough = (weights: readonly number[]) => entropyOf(weights) >= lowest - tolerance
  if (enough(cut)) return cut
  const home = enough(start) ? start : wanted
  // Not at the edge of what is tolerated: the next decision would find it wanting.
  const goal = Math.min(lowest, entropyOf(home))
  return firstOnTheWay(cut, home, (weights) => entropyOf(weights) >= goal)
}
