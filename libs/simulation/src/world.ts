/** What every domain of a world has. */
type Domain = {
  readonly name: string
  /** Weight in the target: how much this domain's held-out loss matters. */
  readonly importance: number
  /** Tokens there are of it, declared to the run. Only a world with `repetition` minds that they run out. */
  readonly tokens?: number
}

/** Its loss after n effective tokens is `floor + scale · (1 + n / tokenScale)^−exponent`, nats. */
export type WorldDomain = Domain & {
  readonly floor: number
  readonly scale: number
  readonly exponent: number
  readonly tokenScale: number
  /** Standard deviation of one sequence's mean loss. */
  readonly noise: number
}

/** Prompts of about one difficulty: each is passed with the chance 1 / (1 + exp(difficulty − skill)). */
export type PromptDomain = Domain & {
  readonly difficulty: number
  /** Standard deviation of the difficulty of its prompts. */
  readonly spread: number
  /** The skill after n effective tokens is `growth · ln(1 + n / tokenScale)`. */
  readonly growth: number
  readonly tokenScale: number
}

type Described = {
  readonly name: string
  readonly title: string
  /** `transfer[k][j]`: what a token of domain j is worth to domain k. Absent: own tokens count 1, others 0. */
  readonly transfer?: readonly (readonly number[])[]
}

/** Where losses come from: power laws in tokens with transfer between domains, after Kaplan et al. (2020), arXiv:2001.08361. */
export type PowerWorld = Described & {
  readonly kind: 'power laws'
  readonly domains: readonly WorldDomain[]
  readonly drift?: Drift
  readonly repetition?: Repetition
}

/** From `fromTokens` to `toTokens` of training floors move linearly, as when the data get harder, and what was learned before fades. */
export type Drift = {
  readonly fromTokens: number
  readonly toTokens: number
  readonly floors: readonly number[]
  /** What is left at the end of the drift of the tokens learned before it, as a share, by domain. */
  readonly kept: readonly number[]
}

/** What reading the same tokens again does, after Muennighoff et al. (2023), arXiv:2305.16264, and a memory of it that is ours. */
export type Repetition = {
  /** The value of a token read for the (1 + e)th time is exp(−e / halfLife) of a new one; 15.4 in the paper. */
  readonly halfLife: number
  /** What held-out loss gains, and training loss falls, by every epoch read again and still remembered, nats. */
  readonly overfitting: number
  /** Tokens of training over which that memory fades to 1/e. */
  readonly memoryTokens: number
}

/** Where pass rates come from: skills that grow with the logarithm of what prompts have taught. */
export type PromptWorld = Described & {
  readonly kind: 'prompts'
  readonly domains: readonly PromptDomain[]
  /** Rollouts of a prompt, where no command says otherwise. */
  readonly rolloutsPerPrompt: number
}

export type World = PowerWorld | PromptWorld

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
