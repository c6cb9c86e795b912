import type { PowerWorld, PromptWorld, World, WorldDomain } from './world.js'

const domain = (
  name: string,
  floor: number,
  scale: number,
  exponent: number,
  rest: Partial<WorldDomain> = {},
): WorldDomain => ({ name, floor, scale, exponent, tokenScale: 100_000, noise: 0.25, importance: 1, ...rest })

/** Four domains that learn at their own speed and teach each other nothing; uniform weights are well off the best. */
const plain: PowerWorld = {
  kind: 'power laws',
  name: 'plain',
  title: 'Power laws, each on its own',
  domains: [
    domain('web', 2.1, 6.2, 0.45, { tokenScale: 20_000, tokens: 400_000_000 }),
    domain('code', 0.9, 7.5, 0.4, { tokenScale: 2_000_000, tokens: 100_000_000 }),
    domain('books', 2.3, 3.6, 0.3, { tokenScale: 50_000, tokens: 60_000_000 }),
    domain('math', 1.4, 6.8, 0.5, { tokenScale: 8_000_000, tokens: 50_000_000 }),
  ],
}

/** The same four, but code teaches mathematics, and the web a little of everything. */
const transfer: PowerWorld = {
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
const useless: PowerWorld = {
  ...plain,
  name: 'useless',
  title: 'A domain that cannot be learned',
  domains: [...plain.domains, domain('noise', 9.5, 0, 0, { noise: 0.4, importance: 0, tokens: 100_000_000 })],
}

/** Code changes in mid-run, as when a source is replaced: it gets harder, and little of what was learned of it counts on. */
const drifting = {
  ...plain,
  name: 'drifting',
  title: 'A domain that changes',
  drift: {
    fromTokens: 10_000_000,
    toTokens: 30_000_000,
    floors: [2.1, 2.4, 2.3, 1.4],
    kept: [1, 0.1, 1, 1],
  },
} satisfies PowerWorld

/** One large language and three that are smaller by a factor of ten each; what is read again and again is learned by heart. */
const scarce: PowerWorld = {
  kind: 'power laws',
  name: 'scarce',
  title: 'Small domains that are read again and again',
  domains: [
    domain('english', 2, 6, 0.35, { tokenScale: 100_000, tokens: 100_000_000 }),
    domain('italian', 2, 6, 0.35, { tokenScale: 100_000, tokens: 10_000_000 }),
    domain('estonian', 2, 6, 0.35, { tokenScale: 100_000, tokens: 1_000_000 }),
    domain('faroese', 2, 6, 0.35, { tokenScale: 100_000, tokens: 100_000 }),
  ],
  repetition: { halfLife: 15.4, overfitting: 0.05, memoryTokens: 5_000_000 },
}

const prompts = (name: string, difficulty: number, importance = 1) => ({
  ...{ name, difficulty, importance },
  ...{ spread: 1, growth: 1.5, tokenScale: 400_000, tokens: 20_000_000 },
})

/** Prompts from solved to unsolvable, where what is learned of one difficulty helps with the next. */
const rollouts: PromptWorld = {
  kind: 'prompts',
  name: 'prompts',
  title: 'Prompts of six difficulties',
  rolloutsPerPrompt: 8,
  domains: [
    prompts('solved', -5),
    prompts('easy', 0),
    prompts('middle', 2),
    prompts('hard', 4),
    prompts('hardest', 6),
    prompts('unsolvable', 30, 0),
  ],
  transfer: [
    [1, 0.3, 0.1, 0, 0, 0],
    [0.3, 1, 0.3, 0.1, 0, 0],
    [0.1, 0.3, 1, 0.3, 0.1, 0],
    [0, 0.1, 0.3, 1, 0.3, 0],
    [0, 0, 0.1, 0.3, 1, 0],
    [0, 0, 0, 0, 0, 1],
  ],
}

export const worlds = {
  plain,
  transfer,
  useless,
  drifting,
  scarce,
  prompts: rollouts,
} as const satisfies Record<string, World>
export type WorldName = keyof typeof worlds

/** A plain world of any width, for load: domains differ, and the same seedless recipe gives the same world. */
export const wideWorld = (width: number): PowerWorld => ({
  kind: 'power laws',
  name: `wide-${width}`,
  title: `${width} power laws`,
  domains: Array.from({ length: width }, (_, k) =>
    domain(`domain-${k}`, 1 + (k % 7) / 5, 5 + (k % 5) / 2, 0.2 + (k % 11) / 40),
  ),
})
