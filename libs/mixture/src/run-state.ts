import type { Domain, Evaluations, EvidenceDigest, Guards, Horizon, MixtureSet } from '@mixdesk/contracts'
import type { AssemblyState } from './assembler.js'
import type { GuardRails } from './guard-rails.js'

/** What a run has learned up to a step: all that a resume must bring back for the next decisions to be the same. */
export type Learning = {
  /** Last step folded in; −1 before the first. */
  readonly step: number
  /** The policy's state, plain JSON, never changed in place. */
  readonly policyState: unknown
  /** The mixture the run has now. */
  readonly weights: readonly number[]
  /** The controls the run has now, where the policy gave some. */
  readonly controls?: { readonly [name: string]: unknown }
  /** Mixtures that observations may still say they were sampled under, by rising version; never empty, bounded. */
  readonly mixtures: readonly { readonly version: number; readonly weights: readonly number[] }[]
  readonly evidence: EvidenceDigest
  /** Since the last decision. */
  readonly since: {
    readonly fromStep: number
    readonly steps: number
    readonly observations: number
    readonly tokens: number
  }
  /** Closed steps since the policy was last asked. */
  readonly sinceAsked: number
  /** Which of the signals that the policy needs have come so far, to tell a trainer what is missing. */
  readonly signalsSeen: readonly string[]
  /** Tokens of each domain in all closed steps, quarantined numbers or not; counted where a repetition cap asks for it. */
  readonly tokensRead?: readonly number[]
}

/** A mixture that was issued, with who has acknowledged it. */
export type Issued = {
  readonly version: number
  readonly fromStep: number
  /** One bit a rank, 32 a word; empty again once every rank has acknowledged. */
  readonly acknowledged: readonly number[]
  readonly acknowledgements: number
  readonly refused: boolean
}

/** The oldest mixture that waits for acknowledgements with no later one acknowledged by all ranks. */
export type Silence = { readonly version: number; readonly fromStep: number }

export type Counts = { [reason: string]: number }

/** Everything a run's owner knows; plain JSON, so that a snapshot is this and nothing else. Nothing in it grows with the run. */
export type RunState = {
  readonly schema: 1
  /** Which rules it is folded by; absent for 1. */
  readonly rules?: number
  readonly run: string
  readonly project: string
  readonly domains: readonly Domain[]
  readonly policy: {
    readonly name: string
    readonly version: number
    readonly config: unknown
    readonly configDigest: string
  }
  readonly guards: Guards
  readonly rails: GuardRails
  readonly cadence: number
  readonly lateness: number
  readonly horizon?: Horizon
  /** What the trainer said it will send, where it said so. */
  readonly signals?: readonly string[]
  readonly evaluations?: Evaluations
  /** Digest of the run.started that began it: a second one that differs is refused. */
  readonly startDigest: string
  readonly parent?: string
  status: 'running' | 'refused' | 'completed' | 'failed' | 'stopped'
  problems: readonly string[]
  attempt: number
  /** Which attempts the present one rests on, each with the step it resumed from: rising in both; newest last. */
  attempts: readonly { readonly attempt: number; readonly fromStep: number }[]
  ranks: number
  /** CloudEvents id of what opened the attempt; absent where that had none, or began before ids were kept. */
  openedBy?: string
  params: { readonly [key: string]: unknown }
  tags: readonly string[]
  notes: string
  /** Newest mixture version; 0 before the first. */
  version: number
  /** Mixtures that acknowledgements may still refer to, oldest first. */
  issued: readonly Issued[]
  silence: Silence | null
  /** Mixtures that expired since one was last acknowledged by all: the wait doubles with each. */
  expirations: number
  /** Mixtures of steps that a resume has undone: its trainer may sample under one until it has the first command. Bounded. */
  superseded?: Learning['mixtures']
  /** The newest command, to send it again. */
  lastCommand: Omit<MixtureSet, 'domains'> | null
  learning: Learning
  frozen: { readonly by: string; readonly because: string } | null
  /** Reason of the last hold, so that the same one is written once. */
  lastHold: string | null
  /** Domains absent from the last step for a number that was not finite. */
  quarantined: readonly number[]
  /** What came before, newest last: the second time is boring. Apart, so that one kind can't crowd out another. */
  seen: {
    readonly evaluations: readonly string[]
    readonly checkpoints: readonly string[]
    readonly requests: readonly string[]
    /** Absent in snapshots of before there was advice. */
    readonly advice?: readonly string[]
    /** Ids of what opened an attempt, or would have. Absent in snapshots of before they were kept. */
    readonly openings?: readonly string[]
  }
  pendingCheckpoints: readonly { readonly step: number; readonly attempt: number; readonly uri?: string }[]
  counts: Counts
  assembly: AssemblyState
}

export const count = (counts: Counts, reason: string): void => {
  counts[reason] = (counts[reason] ?? 0) + 1
}

const rememberedIds = 128

/** Whether this was seen before; remembers it if not. */
export function isRepeated(state: RunState, kind: keyof RunState['seen'], id: string): boolean {
  const before = state.seen[kind] ?? []
  if (before.includes(id)) return true
  state.seen = { ...state.seen, [kind]: [...before.slice(1 - rememberedIds), id] }
  return false
}

/** Spread into what is told on: nothing where the attempt's opening had no id. */
export const openedByOf = ({ openedBy }: Pick<RunState, 'openedBy'>) =>
  openedBy === undefined ? {} : { openedBy }

export const identityOf = ({ run, project, attempt }: RunState) => ({ run, project, attempt })
