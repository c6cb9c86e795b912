import { failureRate, failureSlope } from './pass-rates.js'
import type { PowerWorld, World } from './world.js'

/** What training has done to the model so far, by domain: plain JSON. */
export type WorldState = {
  /** Tokens trained on. */
  readonly read: readonly number[]
  /** What they were worth, in new tokens of the same domain. */
  readonly learned: readonly number[]
  /** Epochs that were read again lately, fading; 0 in worlds without repetition. */
  readonly remembered: readonly number[]
}

export function untaught(world: World): WorldState {
  const zeros = world.domains.map(() => 0)
  return { read: zeros, learned: zeros, remembered: zeros }
}

/** Reads `tokens[k]` of each domain; `factors[k]` says what that is worth besides, such as a loss multiplier or what prompts taught. */
export function learn(
  world: World,
  state: WorldState,
  tokens: readonly number[],
  factors?: readonly number[],
): WorldState {
  const before = total(state.read)
  const now = total(tokens)
  const read = state.read.map((n, k) => n + tokens[k]!)
  const kept = keptShares(world, before, before + now)
  const learned = state.learned.map(
    (n, k) => n * (kept?.[k] ?? 1) + worth(world, k, state.read[k]!, read[k]!) * (factors?.[k] ?? 1),
  )
  return { read, learned, remembered: remember(world, state, read, now) }
}

/** Tokens that count for each domain: its own, and what others teach it. */
export function effectiveTokens({ transfer }: World, { learned }: WorldState): readonly number[] {
  if (transfer === undefined) return learned
  return transfer.map((row) => {
    let effective = 0
    for (let j = 0; j < row.length; j++) effective += row[j]! * learned[j]!
    return effective
  })
}

/** Noise-free held-out loss of every domain, nats per token; where domains are prompts, the share of them that fails. */
export function heldOutLosses(world: World, state: WorldState): number[] {
  const effective = effectiveTokens(world, state)
  if (world.kind === 'prompts') return world.domains.map((one, k) => failureRate(one, effective[k]!))
  const { repetition } = world
  const drifted = driftedShare(world, total(state.read))
  return world.domains.map(
    (one, k) =>
      floorOf(world, k, drifted) +
      one.scale * (1 + effective[k]! / one.tokenScale) ** -one.exponent +
      (repetition === undefined ? 0 : repetition.overfitting * state.remembered[k]!),
  )
}

/** What training batches show: lower than held-out loss where data were read before, by what is remembered of them. */
export function trainingLosses(world: World, state: WorldState): number[] {
  const losses = heldOutLosses(world, state)
  if (world.kind === 'prompts' || world.repetition === undefined) return losses
  const { overfitting } = world.repetition
  return losses.map((loss, k) => {
    const byHeart = overfitting * state.remembered[k]!
    return Math.max(0.1 * loss, loss - 2 * byHeart)
  })
}

/** The least that each held-out loss can be at this point of training; where domains are prompts, 0. */
export function floors(world: World, state: WorldState): number[] {
  if (world.kind === 'prompts') return world.domains.map(() => 0)
  const drifted = driftedShare(world, total(state.read))
  return world.domains.map((_, k) => floorOf(world, k, drifted))
}

/** Derivative of each domain's held-out loss by its effective tokens: 0 or below. */
export function slopes(world: World, state: WorldState): number[] {
  const effective = effectiveTokens(world, state)
  if (world.kind === 'prompts') return world.domains.map((one, k) => failureSlope(one, effective[k]!))
  return world.domains.map(
    ({ scale, exponent, tokenScale }, k) =>
      (-scale * exponent * (1 + effective[k]! / tokenScale) ** (-exponent - 1)) / tokenScale,
  )
}

/** What the next token of each domain is worth, in new ones: below 1 where it has been read before. */
export function marginalWorth(world: World, { read }: WorldState): readonly number[] {
  if (world.kind === 'prompts' || world.repetition === undefined) return read.map(() => 1)
  const { halfLife } = world.repetition
  return world.domains.map(({ tokens = Infinity }, k) =>
    Math.exp(-Math.max(0, read[k]! / tokens - 1) / halfLife),
  )
}

/** Whether the order of reading matters at all; where not, only the sums do. */
export const dependsOnOrder = (world: World): boolean =>
  world.kind === 'prompts' || world.drift !== undefined || world.repetition !== undefined

/** New tokens that reading a domain from `from` to `to` tokens is worth. */
function worth(world: World, k: number, from: number, to: number): number {
  const { tokens } = world.domains[k]!
  if (world.kind === 'prompts' || world.repetition === undefined || tokens === undefined) return to - from
  const { halfLife } = world.repetition
  const distinct = (n: number) =>
    n <= tokens ? n : tokens + tokens * halfLife * (1 - Math.exp((tokens - n) / tokens / halfLife))
  return distinct(to) - distinct(from)
}

function remember(world: World, state: WorldState, read: readonly number[], now: number): readonly number[] {
  if (world.kind === 'prompts' || world.repetition === undefined) return state.remembered
  const span = now / world.repetition.memoryTokens
  const left = Math.exp(-span)
  // What is read evenly over the span has faded a little by its end.
  const fresh = span === 0 ? 1 : (1 - left) / span
  return state.remembered.map((epochs, k) => {
    const { tokens = Infinity } = world.domains[k]!
    const again = Math.max(0, read[k]! - tokens) - Math.max(0, state.read[k]! - tokens)
    return epochs * left + (fresh * again) / tokens
  })
}

function driftedShare({ drift }: PowerWorld, read: number): number {
  if (drift === undefined) return 0
  return Math.min(1, Math.max(0, (read - drift.fromTokens) / (drift.toTokens - drift.fromTokens)))
}

function floorOf({ domains, drift }: PowerWorld, k: number, drifted: number): number {
  const { floor } = domains[k]!
  return drift === undefined ? floor : floor + drifted * (drift.floors[k]! - floor)
}

function keptShares(world: World, from: number, to: number): readonly number[] | undefined {
  if (world.kind === 'prompts' || world.drift === undefined) return undefined
  const passed = driftedShare(world, to) - driftedShare(world, from)
  return passed === 0 ? undefined : world.drift.kept.map((share) => share ** passed)
}

function total(numbers: readonly number[]): number {
  let sum = 0
  for (const n of numbers) sum += n
  return sum
}
