/** Plain JSON: what a policy's state and configuration are made of, so that both survive storage exactly. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

/** How a trainer is to read the weights: as the chance to sample a domain, or as a factor on its loss. */
export type Meaning = 'samplingProbability' | 'lossMultiplier'

/** What a policy knows of a run when it starts. Every per-domain array of a policy follows `domains`. */
export type PolicyStart = {
  readonly domains: readonly PolicyDomain[]
  /** The mixture the run starts with: on the simplex, in the order of `domains`. */
  readonly weights: readonly number[]
  readonly horizon?: { readonly steps?: number; readonly tokens?: number }
}

export type PolicyDomain = {
  readonly name: string
  /** Tokens available in this domain, where the run declared them. */
  readonly tokens?: number
  readonly group?: string
}

/**
 * One step of training with all ranks merged: sums over the global batch, per domain, never means.
 * `present[i]` is false when no rank reported domain i in this step, or a reported number was not finite;
 * its sums are 0 then and must not be used.
 */
export type StepFact = {
  readonly kind: 'step'
  readonly step: number
  readonly present: readonly boolean[]
  /** Tokens the losses were summed over. */
  readonly tokens: readonly number[]
  /** Sum of token losses, nats. */
  readonly lossSum: readonly number[]
  /** Sequences (or micro-batches) per domain; absent when no rank counted them. */
  readonly sequences?: readonly number[]
  /** Further named sums, such as `clippedExcessSum`; each as long as `domains`. */
  readonly signals: { readonly [name: string]: readonly number[] }
  /** The mixture in force when this batch was sampled (not necessarily the newest). */
  readonly inForce: readonly number[]
}

/** Held-out losses measured at a step, nats per token; `null` where a domain was not evaluated. */
export type EvaluationFact = {
  readonly kind: 'evaluation'
  readonly step: number
  readonly loss: readonly (number | null)[]
  readonly scores: { readonly [task: string]: number }
}

/** The run took this mixture on: the policy's proposal after guard rails, or a person's override. */
export type MixtureFact = {
  readonly kind: 'mixture'
  readonly step: number
  readonly weights: readonly number[]
}

export type PolicyFact = StepFact | EvaluationFact | MixtureFact

/** Why a proposal is what it is. Every part has one number per domain; the parts add up, domain by domain, to proposed − current. */
export type Because = {
  readonly summary: string
  readonly parts: { readonly [term: string]: readonly number[] }
}

export type Proposal =
  | { readonly kind: 'hold'; readonly because: string }
  | {
      readonly kind: 'reweigh'
      readonly weights: readonly number[]
      readonly because: Because
      readonly controls?: { readonly [name: string]: Json }
    }

/** JSON Schema (2020-12) of a configuration; it validates, documents and draws forms. Every property has a `description`. */
export type ConfigSchema = {
  readonly type: 'object'
  readonly properties: {
    readonly [key: string]: { readonly description: string; readonly [keyword: string]: unknown }
  }
  readonly additionalProperties: false
  readonly required?: readonly string[]
}

/**
 * A reweighting rule: pure functions from what happened to the next mixture. No clock, no chance but seeded, no I/O;
 * inputs are never changed. One file, one policy, one export; `version` rises with every changed formula.
 */
export type Policy<Config = Json, State = Json> = {
  readonly name: string
  readonly version: number
  readonly title: string
  /** What it is for, in one sentence. */
  readonly purpose: string
  readonly cites: readonly string[]
  readonly meaning: Meaning
  /** Names of the `signals` it reads from steps, beyond tokens and lossSum; a run that lacks one is refused at start. */
  signals(config: Config): readonly string[]
  readonly defaults: Config
  readonly schema: ConfigSchema
  /** What is wrong with a configuration for this run, in sentences; empty when sound. Called with defaults filled in, after the schema. */
  check(config: Config, start: PolicyStart): readonly string[]
  initialState(config: Config, start: PolicyStart): State
  /** Folds one fact into the state. Returns a new state (or the same one, unchanged). */
  evolve(config: Config, state: State, fact: PolicyFact): State
  /** The mixture it wants next. `current` is the mixture the run has now, to which the parts refer. Never changes the state. */
  decide(config: Config, state: State, current: readonly number[]): Proposal
}

/** A policy whose configuration and state types are hidden, as the registry holds it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- existential type: TypeScript has no other spelling
export type AnyPolicy = Policy<any, any>
