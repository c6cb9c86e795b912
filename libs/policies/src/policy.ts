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

/**
 * What somebody outside the log's arithmetic answered when asked, such as a learned agent: recorded, so that a replay never
 * asks again. `values` are as many as that somebody speaks of, in an order both agreed on.
 */
export type AdviceFact = {
  readonly kind: 'advice'
  readonly step: number
  /** Who answered: the name of an agent and the digest of its model. */
  readonly source: string
  readonly values: readonly number[]
  /** Why there is no answer, in a sentence; then there are no values. */
  readonly because?: string
}

/**
 * A question to somebody outside the log's arithmetic: an ONNX model that answers with the values of an `AdviceFact` of this
 * step and source. It follows from the state alone, so whoever owns the run may ask again after a crash.
 */
export type AdviceWanted = {
  readonly kind: 'onnx'
  readonly step: number
  readonly source: string
  /** SHA-256 of the model's file, in hexadecimal. */
  readonly model: string
  /** What the run believes of the model; it must be what the model's owner says of it. */
  readonly manifest: Json
  readonly inputs: AgentInputs
}

/** What a learned agent is told: one row an entry of the history, oldest first, in the order of the model's manifest. */
export type AgentInputs = {
  readonly distributions: readonly (readonly number[])[]
  /** Less the mean and divided by the scale that the manifest gives. */
  readonly feedback: readonly (readonly number[])[]
  /** Share of the run that is over. */
  readonly progress?: number
}

export type PolicyFact = StepFact | EvaluationFact | MixtureFact | AdviceFact

/** Settings beside the weights: plain JSON by name. `controls` of the contracts says which names trainers know. */
export type Controls = { readonly [name: string]: Json }

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
      readonly controls?: Controls
    }
  /** The mixture stays; the controls are new. A run that has these controls already takes it for a hold. */
  | { readonly kind: 'steer'; readonly controls: Controls; readonly because: Because }

/** JSON Schema (2020-12) of a configuration; it validates, documents and draws forms. Every property has a `description`. */
export type ConfigSchema = {
  readonly type: 'object'
  readonly properties: {
    readonly [key: string]: { readonly description: string; readonly [keyword: string]: unknown }
  }
  readonly additionalProperties: false
  readonly required?: readonly string[]
}

/** What people read of a policy: `docs/policies/`, `mixdesk policies show`, forms. Full sentences; plain text, no markup. */
export type Guide = {
  /** When something else serves better. */
  readonly avoidWhen: string
  /** The rule, an equation or a sentence a line, in words and Unicode; numbers of equations of the paper where it has them. */
  readonly mathematics: readonly string[]
  /** What one step and one decision cost in the number of domains K, and what state grows with. */
  readonly cost: string
  /** What a domain without evidence in a step does. */
  readonly absentDomains: string
  /** Each place where paper, official code and this implementation differ, and what the variants are. */
  readonly differences: readonly string[]
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
  /** What it decides: the mixture, settings for the trainer beside it, or both. */
  readonly output: 'weights' | 'controls' | 'weights and controls'
  readonly guide: Guide
  /** Names of the `signals` it reads from steps, beyond tokens and lossSum; a run that lacks one is refused at start. */
  signals(config: Config): readonly string[]
  /** What it reads from evaluations: held-out `loss` of the domains, or `scores` by these names. Left out: nothing. */
  evaluations?(config: Config): { readonly loss?: true; readonly scores?: readonly string[] }
  readonly defaults: Config
  /**
   * Settings that came after the first runs of this version; at their default they change nothing, and the digest of a
   * configuration leaves them out, so that it is still that of runs from before.
   */
  readonly laterSettings?: readonly string[]
  /** A configuration for a run that starts like this, where the defaults alone are none because something of the run must be named. */
  example?(start: PolicyStart): object
  readonly schema: ConfigSchema
  /** What is wrong with a configuration for this run, in sentences; empty when sound. Called with defaults filled in, after the schema. */
  check(config: Config, start: PolicyStart): readonly string[]
  initialState(config: Config, start: PolicyStart): State
  /** Folds one fact into the state. Returns a new state (or the same one, unchanged). */
  evolve(config: Config, state: State, fact: PolicyFact): State
  /** The mixture it wants next. `current` is the mixture the run has now, to which the parts refer. Never changes the state. */
  decide(config: Config, state: State, current: readonly number[]): Proposal
  /** What it would like to be told by somebody outside the arithmetic; undefined when nothing, or when it has been told. */
  wants?(config: Config, state: State): AdviceWanted | undefined
}

/** A policy whose configuration and state types are hidden, as the registry holds it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- existential type: TypeScript has no other spelling
export type AnyPolicy = Policy<any, any>
