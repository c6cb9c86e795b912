import type { Box } from './box.js'
import { few, round } from './box.js'

/** How often data may be repeated, in tokens. */
export type RepetitionCap = {
  /** Tokens that may be read of each domain, epochs × declared; null where nothing is capped. */
  readonly allowed: readonly (number | null)[]
  /** Tokens the run is planned for. */
  readonly horizon?: number
}

/**
 * Narrows a box to what is left to read. With a horizon, a domain may have at most (allowed − read) / (rest of the horizon):
 * whoever keeps to that never reads more than is allowed, and the cap only rises by keeping to it. Without one, or past it,
 * a domain is free until it is used up, and then 0. What is used up goes before a floor.
 */
export function narrowed(box: Box, cap: RepetitionCap, tokensRead: readonly number[]): Box {
  let rest = 0
  if (cap.horizon !== undefined) {
    rest = cap.horizon
    for (const tokens of tokensRead) rest -= tokens
  }
  const upper = box.upper.map((ceiling, i) => {
    const allowed = cap.allowed[i] ?? null
    if (allowed === null) return ceiling
    const left = allowed - tokensRead[i]!
    if (left <= 0) return 0
    return rest > 0 ? Math.min(ceiling, left / rest) : ceiling
  })
  return { lower: box.lower.map((floor, i) => Math.min(floor, upper[i]!)), upper }
}

/** Which domains the cap keeps below a mixture, and how much is left of each. */
export function sayCapped(
  weights: readonly number[],
  upper: readonly number[],
  cap: RepetitionCap,
  tokensRead: readonly number[],
  names: readonly string[],
): string {
  const capped = weights.flatMap((weight, i) => {
    if (weight <= upper[i]!) return []
    const left = Math.max(0, (cap.allowed[i] ?? 0) - tokensRead[i]!)
    return left === 0
      ? [`"${names[i]}" at 0 (used up)`]
      : [`"${names[i]}" at ${round(upper[i]!)} (${round(left)} tokens left)`]
  })
  return `What is left to read caps ${few(capped, 3)}; the nearest mixture inside took the place.`
}
