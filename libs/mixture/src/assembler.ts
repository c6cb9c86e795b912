import { mergeStep, type MergedStep, type Observation } from './merge-step.js'

/** Steps of a run that wait for ranks; plain JSON, part of the snapshot. */
export type AssemblyState = {
  readonly ranks: number
  readonly lateness: number
  /** Step the attempt resumed from; −1 for the first. Its steps come after. */
  readonly from: number
  /** Highest step closed; `from` before the first. Steps close in ascending order. */
  readonly closedUpTo: number
  /** Highest step seen. */
  readonly newest: number
  /** Open steps in ascending order, each with what its ranks reported. */
  readonly open: readonly (readonly [step: number, observations: readonly Observation[]])[]
  /** Which steps have closed, as ranges, the latest ones: steps that nobody reported leave gaps. */
  readonly closed: readonly (readonly [first: number, last: number])[]
  /** Ranks that were missing when a step closed without them, for the latest such steps: tells late from repeated. */
  readonly missing: readonly (readonly [step: number, ranks: readonly number[]])[]
}

/**
 * `late`: the step had closed without this rank. `duplicate`: this rank had reported it. `tooOld`: not after the step
 * resumed from, or closed so long ago that late can't be told from repeated.
 */
export type Acceptance = 'accepted' | 'duplicate' | 'late' | 'tooOld'

// A rank that never reports would make these lists grow without end.
const rememberedRanges = 64
const rememberedGaps = 64
const rememberedAbsences = 4096

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

export const emptyAssembly = (ranks: number, lateness: number, from = -1): AssemblyState => ({
  ranks,
  lateness,
  from,
  closedUpTo: from,
  newest: from,
  open: [],
  closed: [],
  missing: [],
})

type OpenStep = { readonly step: number; readonly byRank: Map<number, Observation> }

export function createAssembler(domainCount: number, start: AssemblyState): Assembler {
  const { ranks, lateness, from } = start
  let { closedUpTo, newest } = start
  let open: OpenStep[] = start.open.map(([step, observations]) => ({
    step,
    byRank: new Map(observations.map((observation) => [observation.rank, observation])),
  }))
  const closed = start.closed.map(([first, last]): [number, number] => [first, last])
  const missing = new Map(start.missing.map(([step, absent]) => [step, new Set(absent)]))
  let absences = 0
  for (const absent of missing.values()) absences += absent.size

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

  function notAccepted(step: number, rank: number): Acceptance {
    const oldest = closed[0]
    if (step <= from || oldest === undefined || step < oldest[0]) return 'tooOld'
    if (missing.get(step)?.delete(rank)) {
      absences--
      return 'late'
    }
    return closed.some(([first, last]) => first <= step && step <= last) ? 'duplicate' : 'late'
  }

  function rememberMissing({ step, byRank }: OpenStep): void {
    const absent = new Set<number>()
    for (let rank = 0; rank < ranks && absent.size < rememberedAbsences; rank++)
      if (!byRank.has(rank)) absent.add(rank)
    missing.set(step, absent)
    absences += absent.size
    for (const [oldest, forgotten] of missing) {
      if (missing.size <= rememberedGaps && absences <= rememberedAbsences) return
      missing.delete(oldest)
      absences -= forgotten.size
    }
  }

  function close(entry: OpenStep): MergedStep {
    const { step, byRank } = entry
    const range = closed[closed.length - 1]
    if (range !== undefined && range[1] === step - 1) range[1] = step
    else closed.push([step, step])
    if (closed.length > rememberedRanges) closed.shift()
    closedUpTo = step
    if (byRank.size < ranks) rememberMissing(entry)
    return mergeStep(step, domainCount, [...byRank.values()])
  }

  return {
    accept(observation) {
      const { step, rank } = observation
      if (step <= closedUpTo) return notAccepted(step, rank)
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
      from,
      closedUpTo,
      newest,
      open: open.map((entry) => [entry.step, [...entry.byRank.values()].map(lean)] as const),
      closed: closed.map(([first, last]) => [first, last] as const),
      missing: [...missing].map(([step, absent]) => [step, [...absent]] as const),
    }),
  }
}

/** Without what else the message said: this goes into every snapshot. */
function lean({
  step,
  rank,
  mixtureVersion,
  domains,
  tokens,
  lossSum,
  sequences,
  signals,
}: Observation): Observation {
  return { step, rank, mixtureVersion, domains, tokens, lossSum, sequences, signals }
}
