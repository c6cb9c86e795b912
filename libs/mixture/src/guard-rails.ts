import type { GuardBite, Guards } from '@mixdesk/contracts'
import { projectToSimplex, sum } from '@mixdesk/policies'

/** Guard rails with every bound spelled out, in domain order. */
export type GuardRails = {
  readonly floor: readonly number[]
  readonly ceiling: readonly number[]
  /** Largest sum over domains of |new − old| in one decision; 2 cannot bite. */
  readonly largestChange: number
  readonly minimumSteps: number
  readonly minimumTokens: number
  readonly acknowledgeWithin: number
}

/** What is wrong with guards for these domains, in sentences; empty when they can be kept. */
export function checkGuards(guards: Guards, domains: readonly string[]): readonly string[] {
  const problems: string[] = []
  for (const which of ['floor', 'ceiling'] as const) {
    const bound = guards[which]
    if (typeof bound !== 'object') continue
    for (const name of Object.keys(bound))
      if (!domains.includes(name))
        problems.push(
          `guards.${which} names the domain "${name}", which the run doesn't have; it has: ${list(domains)}.`,
        )
  }
  const { floor, ceiling } = boundsOf(guards, domains)
  const floorSum = sum(floor)
  const ceilingSum = sum(ceiling)
  if (floorSum > 1 + 1e-12)
    problems.push(
      `guards.floor: the floors add up to ${round(floorSum)}, but weights add up to 1; lower them.`,
    )
  if (ceilingSum < 1 - 1e-12)
    problems.push(
      `guards.ceiling: the ceilings add up to ${round(ceilingSum)}, but weights must add up to 1; raise them.`,
    )
  domains.forEach((name, i) => {
    if (floor[i]! > ceiling[i]!)
      problems.push(`guards: the floor of "${name}" (${floor[i]}) lies above its ceiling (${ceiling[i]}).`)
  })
  return problems
}

export function resolveGuards(guards: Guards, domains: readonly string[], cadence: number): GuardRails {
  return {
    ...boundsOf(guards, domains),
    largestChange: guards.largestChange ?? 2,
    minimumSteps: guards.minimumEvidence?.steps ?? 0,
    minimumTokens: guards.minimumEvidence?.tokens ?? 0,
    acknowledgeWithin: guards.acknowledgeWithin ?? Math.max(100, 10 * cadence),
  }
}

/**
 * The nearest mixture that the guard rails allow. Order: into the box of floors and ceilings (Euclidean projection onto the
 * bounded simplex), then no further from the current mixture than `largestChange`. The second step cannot leave the box as
 * long as the current mixture lies in it, because the box is convex; after an override outside the box, the box wins.
 */
export function applyGuards(
  proposed: readonly number[],
  current: readonly number[],
  rails: GuardRails,
): { readonly weights: readonly number[]; readonly bites: readonly GuardBite[] } {
  const bites: GuardBite[] = []
  let weights = proposed
  if (!inBox(weights, rails)) {
    const boxed = intoBox(weights, rails)
    bites.push({
      guard: 'floorAndCeiling',
      because: 'A weight lay outside its floor or ceiling; the nearest mixture inside took its place.',
      before: [...weights],
      after: [...boxed],
    })
    weights = boxed
  }
  const change = distance(weights, current)
  // Rounding noise is no change too large; neither is it worth a bite.
  if (change > rails.largestChange + 1e-12) {
    const share = rails.largestChange / change
    const slowed = current.map((old, i) => old + share * (weights[i]! - old))
    const stays = inBox(slowed, rails)
    const landed = stays ? renormalise(slowed) : intoBox(slowed, rails)
    bites.push({
      guard: 'largestChange',
      because: stays
        ? `The change of ${round(change)} was cut to ${round(rails.largestChange)}.`
        : `The change of ${round(change)} was to be cut to ${round(rails.largestChange)}, but the mixture before lies outside the floors and ceilings, which go first: it is ${round(distance(landed, current))}.`,
      before: [...weights],
      after: [...landed],
    })
    weights = landed
  }
  return { weights, bites }
}

/** Why a vector is no mixture, or undefined when it is one: finite, non-negative, summing to 1 (to 1e-9). */
export function simplexFault(weights: readonly number[], domainCount: number): string | undefined {
  if (weights.length !== domainCount) return `it has ${weights.length} weights for ${domainCount} domains`
  for (let i = 0; i < weights.length; i++)
    if (!Number.isFinite(weights[i]) || weights[i]! < 0) return `weight ${i} is ${weights[i]}`
  const total = sum(weights)
  return Math.abs(total - 1) > 1e-9 ? `its weights add up to ${total}` : undefined
}

/** Divides by the sum, so that rounding never adds up over a run. */
export function renormalise(weights: readonly number[]): readonly number[] {
  const total = sum(weights)
  return total === 1 ? weights : weights.map((weight) => weight / total)
}

function boundsOf(guards: Guards, domains: readonly string[]) {
  const spread = (bound: Guards['floor'], otherwise: number) =>
    domains.map((name) =>
      typeof bound === 'number' ? bound : Object.hasOwn(bound ?? {}, name) ? bound![name]! : otherwise,
    )
  return { floor: spread(guards.floor, 0), ceiling: spread(guards.ceiling, 1) }
}

// checkGuards refuses a box without a mixture at start, so that there is always one here.
const intoBox = (weights: readonly number[], { floor, ceiling }: GuardRails): readonly number[] =>
  projectToSimplex(weights, floor, ceiling) ?? weights
// Rounding noise is no reason to project: it would be reported as a guard rail that bit.
const inBox = (weights: readonly number[], { floor, ceiling }: GuardRails) =>
  weights.every((weight, i) => weight >= floor[i]! - 1e-15 && weight <= ceiling[i]! + 1e-15)
const distance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0)
const round = (value: number) => Number(value.toPrecision(4))
const list = (names: readonly string[]) =>
  names.length > 12 ? `${names.slice(0, 12).join(', ')}, … (${names.length} in all)` : names.join(', ')
