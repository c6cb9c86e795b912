import type { MergedStep, Observation } from './merge-step.js'
import { mergeStep } from './merge-step.js'

/** Steps of a run that wait for ranks; plain JSON, part of the snapshot. */
export type AssemblyState = {
  readonly ranks: number
  readonly lateness: number
  /** Highest step closed; −1 before the first. Steps close in ascending order. */
  readonly closedUpTo: number
  /** Highest step seen. */
  readonly newest: number
  /** Open steps in ascending order, each with what its ranks reported. */
  readonly open: readonly (readonly [step: number, observations: readonly Observation[]])[]
  /** Ranks that were missing when a step closed without them, for the latest such steps: tells late from repeated. */
  readonly missing: readonly (readonly [step: number, ranks: readonly number[]])[]
}

/** `late`: the step had closed without this rank. `duplicate`: this rank had reported it. */
export type Acceptance = 'accepted' | 'duplicate' | 'late'

/** A rank that never reports would make this list grow without end. */
const rememberedGaps = 64

/**
 * Turns observations, in log order, into closed steps. A step closes when all ranks have reported it, or when the newest
 * step seen is `lateness` ahead. It depends on the log alone: no clock.
 */
export type Assembler = {
  accept(observation: Observation): Acceptance
  /** The next closed step, or undefined while the oldest open one waits. */
  next(): MergedStep | undefined
  /** Closes every open step up to this one as it stands, in order, and forgets what lies above. */
  closeUpTo(step: number): readonly MergedStep[]
  /** Highest step seen; −1 before the first. */
  newest(): number
  state(): AssemblyState
}

export const emptyAssembly = (ranks: number, lateness: number, closedUpTo = -1): AssemblyState => ({
  ranks,
  lateness,
  closedUpTo,
  newest: closedUpTo,
  open: [],
  missing: [],
})

type OpenStep = { readonly step: number; readonly byRank: Map<number, Observation> }

export function createAssembler(domainCount: number, from: AssemblyState): Assembler {
  const { ranks, lateness } = from
  let { closedUpTo, newest } = from
  let open: OpenStep[] = from.open.map(([step, observations]) => ({
    step,
    byRank: new Map(observations.map((observation) => [observation.rank, observation])),
  }))
  const missing = new Map(from.missing.map(([step, absent]) => [step, new Set(absent)]))

  function openStep(step: number): OpenStep {
    // Reports come nearly in order, so the place is nearly always the end.
    let at = open.length
    while (at > 0 && open[at - 1]!.step > step) at--
    const before = open[at - 1]
    if (before?.step === step) return before
    const created: OpenStep = { step, byRank: new Map() }
    open.splice(at, 0, created)
    return created
  }

  function close(entry: OpenStep): MergedStep {
    closedUpTo = entry.step
    if (entry.byRank.size < ranks) {
      const absent = new Set<number>()
      for (let rank = 0; rank < ranks; rank++) if (!entry.byRank.has(rank)) absent.add(rank)
      missing.set(entry.step, absent)
      if (missing.size > rememberedGaps) missing.delete(missing.keys().next().value!)
    }
    return mergeStep(entry.step, domainCount, [...entry.byRank.values()])
  }

  return {
    accept(observation) {
      const { step, rank } = observation
      if (step <= closedUpTo) return missing.get(step)?.delete(rank) ? 'late' : 'duplicate'
      const entry = openStep(step)
      if (entry.byRank.has(rank)) return 'duplicate'
      entry.byRank.set(rank, observation)
      if (step > newest) newest = step
      return 'accepted'
    },
    next() {
      const oldest = open[0]
      if (oldest === undefined) return undefined
      if (oldest.byRank.size < ranks && newest - oldest.step < lateness) return undefined
      open.shift()
      return close(oldest)
    },
    closeUpTo(step) {
      const closing = open.filter((entry) => entry.step <= step)
      open = []
      return closing.map(close)
    },
    newest: () => newest,
    state: () => ({
      ranks,
      lateness,
      closedUpTo,
      newest,
      open: open.map((entry) => [entry.step, [...entry.byRank.values()].map(lean)] as const),
      missing: [...missing].map(([step, absent]) => [step, [...absent]] as const),
    }),
  }
}

/** Without what else the message said: this goes into every snapshot. */
const lean = ({ step, rank, mixtureVersion, domains, tokens, lossSum, sequences, signals }: Observation): Observation => ({
  step,
  rank,
  mixtureVersion,
  domains,
  tokens,
  lossSum,
  sequences,
  signals,
})
