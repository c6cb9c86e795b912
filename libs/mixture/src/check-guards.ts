import type { Guards, Horizon } from '@mixdesk/contracts'
import { sum } from '@mixdesk/policies'
import { entropyOf, evenest, few, round, tolerance } from './box.js'
import { boxOf, resolveGuards, type GuardedDomain, type GuardRails } from './guard-rails.js'

/** What is wrong with guards for these domains, in sentences; empty when they can be kept. */
export function checkGuards(
  guards: Guards,
  domains: readonly GuardedDomain[],
  horizon?: Horizon,
): readonly string[] {
  const problems = [
    ...unknownNames(guards, domains),
    ...undeclaredTokens(guards, domains),
    ...entropyShape(guards),
  ]
  const rails = resolveGuards(guards, domains, 1, horizon)
  const bounds = boundProblems(rails, domains)
  problems.push(...bounds)
  if (bounds.length > 0) return problems
  const caps = capProblems(rails, domains)
  problems.push(...caps)
  return caps.length > 0 ? problems : [...problems, ...entropyProblems(rails)]
}

function unknownNames(guards: Guards, domains: readonly GuardedDomain[]): readonly string[] {
  const known = new Set(domains.map((domain) => domain.name))
  const { floor, ceiling, largestChange, repetitionCap } = guards
  const given = {
    floor,
    ceiling,
    'largestChange.perDomain': typeof largestChange === 'object' ? largestChange.perDomain : undefined,
    'repetitionCap.epochs': repetitionCap?.epochs,
  }
  return Object.entries(given).flatMap(([which, bound]) =>
    typeof bound !== 'object'
      ? []
      : Object.keys(bound).flatMap((name) =>
          known.has(name)
            ? []
            : [
                `guards.${which} names the domain "${name}", which the run doesn't have; it has: ${few([...known])}.`,
              ],
        ),
  )
}

function undeclaredTokens({ repetitionCap }: Guards, domains: readonly GuardedDomain[]): readonly string[] {
  const epochs = repetitionCap?.epochs
  if (epochs === undefined) return []
  const capped = (name: string) => typeof epochs === 'number' || Object.hasOwn(epochs, name)
  const missing = domains.filter(({ name, tokens }) => tokens === undefined && capped(name))
  return missing.length === 0
    ? []
    : [
        `guards.repetitionCap counts epochs of declared tokens, but ${few(missing.map(({ name }) => name))} declares none; declare \`tokens\` of every domain it caps, or cap by name those that have them.`,
      ]
}

function entropyShape({ entropyFloor }: Guards): readonly string[] {
  if (entropyFloor === undefined) return []
  const { nats, share } = entropyFloor
  if ((nats === undefined) !== (share === undefined)) return []
  return [
    `guards.entropyFloor: expected exactly one of nats and share, got ${nats === undefined ? 'none' : 'both'}; say with one of them how much entropy the mixture keeps.`,
  ]
}

function boundProblems({ floor, ceiling }: GuardRails, domains: readonly GuardedDomain[]): readonly string[] {
  const problems: string[] = []
  const [floors, ceilings] = [sum(floor), sum(ceiling)]
  if (floors > 1 + tolerance)
    problems.push(`guards.floor: the floors add up to ${round(floors)}, but weights add up to 1; lower them.`)
  if (ceilings < 1 - tolerance)
    problems.push(
      `guards.ceiling: the ceilings add up to ${round(ceilings)}, but weights must add up to 1; raise them.`,
    )
  domains.forEach(({ name }, i) => {
    if (floor[i]! > ceiling[i]!)
      problems.push(`guards: the floor of "${name}" (${floor[i]}) lies above its ceiling (${ceiling[i]}).`)
  })
  return problems
}

function capProblems(rails: GuardRails, domains: readonly GuardedDomain[]): readonly string[] {
  const { repetitionCap: cap, floor } = rails
  if (cap === undefined) return []
  const { upper } = boxOf(rails, undefined)
  const planned = cap.horizon === undefined ? '' : ` over the ${cap.horizon} tokens the run is planned for`
  const problems = domains.flatMap(({ name }, i) =>
    floor[i]! > upper[i]! + tolerance
      ? [
          `guards: the floor of "${name}" (${floor[i]}) lies above what its repetition cap allows${planned} (${round(upper[i]!)}); lower the floor, or allow more epochs.`,
        ]
      : [],
  )
  if (sum(upper) < 1 - tolerance)
    problems.push(
      `guards.repetitionCap: what may be read${planned} adds up to a share of ${round(sum(upper))}, but weights must add up to 1; allow more epochs, raise ceilings, or plan for fewer tokens.`,
    )
  return problems
}

function entropyProblems(rails: GuardRails): readonly string[] {
  const { lowestEntropy: lowest } = rails
  if (lowest === undefined) return []
  const even = Math.log(rails.floor.length)
  if (lowest > even + tolerance)
    return [
      `guards.entropyFloor: asks for ${round(lowest)} nats, but ${rails.floor.length} domains have at most ${round(even)}; lower it.`,
    ]
  const most = evenest(boxOf(rails, undefined))
  return most === undefined || entropyOf(most) >= lowest - tolerance
    ? []
    : [
        `guards.entropyFloor: asks for ${round(lowest)} nats, but the most even mixture that floors, ceilings and repetition cap allow has ${round(entropyOf(most))}; lower it, or widen them.`,
      ]
}
