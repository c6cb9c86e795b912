import type { Domain, EvidenceDigest, Guards, Horizon, MixtureSet } from '@mixdesk/contracts'
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
  readonly evidence: EvidenceDigest
  /** Since the last decision. */
  readonly since: { readonly fromStep: number; readonly steps: number; readonly observations: number; readonly tokens: number }
  /** Closed steps since the policy was last asked. */
  readonly sinceAsked: number
  /** Signals that steps have carried so far, to tell a trainer what its policy misses. */
  readonly signalsSeen: readonly string[]
}

/** A mixture that was issued, with who has acknowledged it. */
export type Issued = {
  readonly version: number
  readonly fromStep: number
  readonly weights: readonly number[]
  /** One bit a rank, 32 a word. */
  readonly acknowledged: readonly number[]
  readonly acknowledgements: number
  readonly expired: boolean
}

export type Counts = { [reason: string]: number }

/** Everything a run's owner knows; plain JSON, so that a snapshot is this and nothing else. */
export type RunState = {
  readonly schema: 1
  readonly run: string
  readonly project: string
  readonly domains: readonly Domain[]
  readonly policy: { readonly name: string; readonly version: number; readonly config: unknown; readonly configDigest: string }
  readonly guards: Guards
  readonly rails: GuardRails
  readonly cadence: number
  readonly lateness: number
  readonly horizon?: Horizon
  /** Digest of the run.started that began it: a second one that differs is refused. */
  readonly startDigest: string
  readonly parent?: string
  status: 'running' | 'refused' | 'completed' | 'failed' | 'stopped'
  problems: readonly string[]
  attempt: number
  ranks: number
  params: { readonly [key: string]: unknown }
  tags: readonly string[]
  notes: string
  /** Newest mixture version; 0 before the first. */
  version: number
  /** Mixtures that observations or acknowledgements may still refer to, oldest first. */
  issued: readonly Issued[]
  /** The newest command, to send it again. */
  lastCommand: Omit<MixtureSet, 'domains'> | null
  learning: Learning
  frozen: { readonly by: string; readonly because: string } | null
  /** Reason of the last hold, so that the same one is written once. */
  lastHold: string | null
  /** Domains absent from the last step for a number that was not finite. */
  quarantined: readonly number[]
  /** Ids of requests and digests of evaluations seen, newest last: the second time is boring. */
  seen: readonly string[]
  pendingCheckpoints: readonly { readonly step: number; readonly attempt: number; readonly uri?: string }[]
  counts: Counts
  assembly: AssemblyState
}

export const count = (counts: Counts, reason: string): void => {
  counts[reason] = (counts[reason] ?? 0) + 1
}

const rememberedIds = 128
export const remember = (seen: readonly string[], id: string): readonly string[] => [...seen.slice(-(rememberedIds - 1)), id]
