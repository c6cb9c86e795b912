import type { GuardBite, Guards, Horizon } from '@mixdesk/contracts'
import { sum } from '@mixdesk/policies'
import { entropyOf, evenest, firstOnTheWay, inBox, intoBox, round, tolerance, type Box } from './box.js'
import { cutChange } from './largest-change.js'
import { narrowed, sayCapped, type RepetitionCap } from './repetition-cap.js'

/** What guard rails must know of a domain. */
export type GuardedDomain = { readonly name: string; readonly tokens?: number | undefined }

/** Guard rails with every bound spelled out, in domain order. Plain JSON: part of a snapshot, where older ones lack what is optional. */
export type GuardRails = {
  readonly floor: readonly number[]
  readonly ceiling: readonly number[]
  readonly repetitionCap?: RepetitionCap
  /** Smallest entropy, nats. */
  readonly lowestEntropy?: number
  /** Largest sum over domains of |new − old| in one decision; 2 cannot bite. */
  readonly largestChange: number
  readonly largestChangeByDomain?: readonly number[]
  readonly minimumSteps: number
  readonly minimumTokens: number
  readonly acknowledgeWithin: number
}

export function resolveGuards(
  guards: Guards,
  domains: readonly GuardedDomain[],
  cadence: number,
  horizon?: Horizon,
): GuardRails {
  const { largestChange = 2, repetitionCap, entropyFloor } = guards
  const change = typeof largestChange === 'number' ? { total: largestChange } : largestChange
  return {
    floor: spread(guards.floor, domains, 0),
    ceiling: spread(guards.ceiling, domains, 1),
    ...(repetitionCap === undefined ? {} : { repetitionCap: capOf(repetitionCap.epochs, domains, horizon) }),
    ...(entropyFloor === undefined
      ? {}
      : { lowestEntropy: entropyFloor.nats ?? (entropyFloor.share ?? 0) * Math.log(domains.length) }),
    largestChange: change.total ?? 2,
    ...(change.perDomain === undefined
      ? {}
      : { largestChangeByDomain: spread(change.perDomain, domains, 1) }),
    minimumSteps: guards.minimumEvidence?.steps ?? 0,
    minimumTokens: guards.minimumEvidence?.tokens ?? 0,
    acknowledgeWithin: guards.acknowledgeWithin ?? Math.max(100, 10 * cadence),
  }
}

/** Where weights may lie at all: between floors and ceilings, narrowed by what is left to read. */
export function boxOf(rails: GuardRails, tokensRead: readonly number[] | undefined): Box {
  const box = { lower: rails.floor, upper: rails.ceiling }
  const { repetitionCap } = rails
  return repetitionCap === undefined
    ? box
    : narrowed(box, repetitionCap, tokensRead ?? rails.floor.map(() => 0))
}

/** Why no mixture can be found, in a sentence, or undefined: only what is used up on the way leads here, the rest is refused at start. */
export function impossibility(
  rails: GuardRails,
  tokensRead: readonly number[] | undefined,
): string | undefined {
  if (rails.repetitionCap === undefined) return undefined
  const { upper } = boxOf(rails, tokensRead)
  if (sum(upper) >= 1 - tolerance) return undefined
  return upper.every((most) => most === 0)
    ? 'Every domain has been read as often as the repetition cap allows; the mixture stays as it is. Stop the run, or raise guards.repetitionCap.epochs in a new one.'
    : `The repetition cap and the ceilings together allow no mixture any more: they add up to ${round(sum(upper))}; the mixture stays as it is. Stop the run, or widen them in a new one.`
}

/** Whether the run's mixture gives a domain more than is left to read of it: then it must change, though the policy holds. */
export const isOverCap = (
  weights: readonly number[],
  rails: GuardRails,
  tokensRead: readonly number[] | undefined,
): boolean => {
  if (rails.repetitionCap === undefined) return false
  const { upper } = boxOf(rails, tokensRead)
  return weights.some((weight, i) => weight > upper[i]! + tolerance)
}

/** What the guard rails did to a proposal. */
export type Guarded = { readonly weights: readonly number[]; readonly bites: readonly GuardBite[] }

/**
 * The nearest mixture that the guard rails allow. In this order, each beginning where the one before ended:
 *
 * 1. `floorAndCeiling`: Euclidean projection onto the simplex between floors and ceilings.
 * 2. `repetitionCap`: the same, with ceilings lowered to what is left to read. What is used up has no floor, in 1 either.
 * 3. `entropyFloor`: straight towards the most even mixture that 1 and 2 allow, as far as needed. Where they no longer allow
 *    enough entropy, that mixture itself.
 * 4. `largestChange`: back towards the mixture before, see `cutChange`.
 *
 * 1 to 3 say where a mixture may lie, 4 how fast it may go there: what 1 to 3 allow is convex, so 4 cannot leave it as long
 * as the mixture before lies in it; after an override outside, or when a domain is used up, 1 to 3 go first. The result is
 * a mixture between floors and ceilings, always, with the one exception that 2 names.
 */
export function applyGuards(
  proposed: readonly number[],
  current: readonly number[],
  rails: GuardRails,
  { domains, tokensRead }: { domains: readonly GuardedDomain[]; tokensRead?: readonly number[] | undefined },
): Guarded {
  const bites: GuardBite[] = []
  let weights = proposed
  const bite = (guard: GuardBite['guard'], because: string, after: readonly number[]) => {
    bites.push({ guard, because, before: [...weights], after: [...after] })
    weights = after
  }

  const box = boxOf(rails, tokensRead)
  // The floor of what is used up is none: it would be raised here and taken out below, decision by decision.
  const bounds = { lower: box.lower, upper: rails.ceiling }
  if (!inBox(weights, bounds))
    bite(
      'floorAndCeiling',
      'A weight lay outside its floor or ceiling; the nearest mixture inside took its place.',
      intoBox(weights, bounds),
    )

  const names = domains.map((domain) => domain.name)
  const { repetitionCap, lowestEntropy = 0 } = rails
  if (repetitionCap !== undefined && !inBox(weights, box)) {
    const read = tokensRead ?? weights.map(() => 0)
    bite('repetitionCap', sayCapped(weights, box.upper, repetitionCap, read, names), intoBox(weights, box))
  }

  const entropy = entropyOf(weights)
  if (entropy < lowestEntropy - tolerance) {
    const { after, because } = evened(weights, box, lowestEntropy)
    if (entropyOf(after) > entropy + tolerance) bite('entropyFloor', because, after)
  }

  const limits = {
    total: rails.largestChange,
    byDomain: rails.largestChangeByDomain,
    lowestEntropy: Math.min(lowestEntropy, entropyOf(weights)),
  }
  const cut = cutChange(weights, current, box, limits, names)
  if (cut !== undefined) bite('largestChange', cut.because, cut.weights)
  return { weights, bites }
}

function evened(
  weights: readonly number[],
  box: Box,
  lowest: number,
): { readonly after: readonly number[]; readonly because: string } {
  const most = evenest(box) ?? weights
  const has = round(entropyOf(weights))
  if (entropyOf(most) < lowest - tolerance)
    return {
      after: most,
      because: `The entropy of ${has} lay below ${round(lowest)}, which what is left to read no longer allows; the most even mixture that it does took the place, with ${round(entropyOf(most))}.`,
    }
  // Near the top entropy is flat: bisecting would stop short of the only mixture that has enough.
  const after =
    entropyOf(most) <= lowest + tolerance
      ? most
      : firstOnTheWay(weights, most, (one) => entropyOf(one) >= lowest)
  const settled = inBox(after, box) ? after : intoBox(after, box)
  return {
    after: settled,
    because: `The entropy of ${has} lay below ${round(lowest)}; the mixture was evened out as far as needed.`,
  }
}

/** Why a vector is no mixture, or undefined when it is one: finite, non-negative, summing to 1 (to 1e-9). */
export function simplexFault(weights: readonly number[], domainCount: number): string | undefined {
  if (weights.length !== domainCount) return `it has ${weights.length} weights for ${domainCount} domains`
  for (let i = 0; i < weights.length; i++)
    if (!Number.isFinite(weights[i]) || weights[i]! < 0) return `weight ${i} is ${weights[i]}`
  const total = sum(weights)
  return Math.abs(total - 1) > 1e-9 ? `its weights add up to ${total}` : undefined
}

type PerDomain = number | { readonly [name: string]: number } | undefined

function spread(given: PerDomain, domains: readonly GuardedDomain[], otherwise: number): readonly number[] {
  return domains.map(({ name }) =>
    typeof given === 'number' ? given : Object.hasOwn(given ?? {}, name) ? given![name]! : otherwise,
  )
}

function capOf(
  epochs: PerDomain,
  domains: readonly GuardedDomain[],
  horizon: Horizon | undefined,
): RepetitionCap {
  const times = spread(epochs, domains, NaN)
  return {
    allowed: domains.map(({ tokens }, i) =>
      Number.isNaN(times[i]) || tokens === undefined ? null : times[i]! * tokens,
    ),
    ...(horizon?.tokens === undefined ? {} : { horizon: horizon.tokens }),
  }
}
