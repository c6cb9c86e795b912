/** A domain of a world: its loss after n effective tokens is `floor + scale · (1 + n / tokenScale)^−exponent`, nats. */
export type WorldDomain = {
  readonly name: string
  readonly floor: number
  readonly scale: number
  readonly exponent: number
  readonly tokenScale: number
  /** Standard deviation of one sequence's mean loss. */
  readonly noise: number
  /** Weight in the target: how much this domain's held-out loss matters. */
  readonly importance: number
}

/** Where losses come from: power laws in tokens with transfer between domains, after Kaplan et al. (2020), arXiv:2001.08361. */
export type World = {
  readonly name: string
  readonly title: string
  readonly domains: readonly WorldDomain[]
  /** `transfer[k][j]`: what a token of domain j is worth to domain k. Absent: own tokens count 1, others 0. */
  readonly transfer?: readonly (readonly number[])[]
  /** Floors move linearly to these from `fromTokens` to `toTokens` of training, as when the data get harder. */
  readonly drift?: {
    readonly fromTokens: number
    readonly toTokens: number
    readonly floors: readonly number[]
  }
}

/** Noise-free loss of every domain, nats per token, after training on `tokens[k]` of each. */
export function lossesAfter(world: World, tokens: readonly number[]): number[] {
  const { domains, transfer, drift } = world
  let total = 0
  for (const n of tokens) total += n
  const drifted =
    drift === undefined
      ? 0
      : Math.min(1, Math.max(0, (total - drift.fromTokens) / (drift.toTokens - drift.fromTokens)))
  return domains.map((domain, k) => {
    let effective = 0
    if (transfer === undefined) effective = tokens[k]!
    else for (let j = 0; j < tokens.length; j++) effective += transfer[k]![j]! * tokens[j]!
    const floor =
      drift === undefined ? domain.floor : domain.floor + drifted * (drift.floors[k]! - domain.floor)
    return floor + domain.scale * (1 + effective / domain.tokenScale) ** -domain.exponent
  })
}

/** The number a mixture is judged by: held-out losses, weighted by importance. */
export function targetLoss(world: World, losses: readonly number[]): number {
  let sum = 0
  let importance = 0
  world.domains.forEach((domain, k) => {
    sum += domain.importance * losses[k]!
    importance += domain.importance
  })
  return sum / importance
}

const domain = (
  name: string,
  floor: number,
  scale: number,
  exponent: number,
  rest: Partial<WorldDomain> = {},
): WorldDomain => ({ name, floor, scale, exponent, tokenScale: 100_000, noise: 0.25, importance: 1, ...rest })

/** Four domains that learn at their own speed and teach each other nothing; uniform weights are well off the best. */
const plain: World = {
  name: 'plain',
  title: 'Power laws, each on its own',
  domains: [
    domain('web', 2.1, 6.2, 0.45, { tokenScale: 20_000 }),
    domain('code', 0.9, 7.5, 0.4, { tokenScale: 2_000_000 }),
    domain('books', 2.3, 3.6, 0.3, { tokenScale: 50_000 }),
    domain('math', 1.4, 6.8, 0.5, { tokenScale: 8_000_000 }),
  ],
}

/** The same four, but code teaches mathematics, and the web a little of everything. */
const transfer: World = {
  ...plain,
  name: 'transfer',
  title: 'Power laws with transfer',
  transfer: [
    [1, 0.05, 0.3, 0.05],
    [0.1, 1, 0.05, 0.2],
    [0.35, 0.02, 1, 0.05],
    [0.1, 0.5, 0.1, 1],
  ],
}

/** One of five is noise: its loss is the highest, never falls, and what it teaches is nothing. */
const useless: World = {
  name: 'useless',
  title: 'A domain that cannot be learned',
  domains: [...plain.domains, domain('noise', 9.5, 0, 0, { noise: 0.4, importance: 0 })],
}

/** Code gets harder in mid-run, as when a source changes; nothing else moves. */
const drifting: World = {
  ...plain,
  name: 'drifting',
  title: 'A domain that gets harder',
  drift: { fromTokens: 20_000_000, toTokens: 60_000_000, floors: [2.1, 2.4, 2.3, 1.4] },
}

export const worlds = { plain, transfer, useless, drifting } as const satisfies Record<string, World>
export type WorldName = keyof typeof worlds

/** A plain world of any width, for load: domains differ, and the same seedless recipe gives the same world. */
export const wideWorld = (width: number): World => ({
  name: `wide-${width}`,
  title: `${width} power laws`,
  domains: Array.from({ length: width }, (_, k) =>
    domain(`domain-${k}`, 1 + (k % 7) / 5, 5 + (k % 5) / 2, 0.2 + (k % 11) / 40),
  ),
})
