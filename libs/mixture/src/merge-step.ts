/** What one rank reported for one step: sums by domain. Plain JSON. */
export type Observation = {
  readonly step: number
  readonly rank: number
  /** Mixture version the rank sampled under; undefined when it didn't say. */
  readonly mixtureVersion?: number | undefined
  /** Indices of the domains the arrays follow; undefined for all, in order. */
  readonly domains?: readonly number[] | undefined
  readonly tokens: readonly number[]
  readonly lossSum: readonly (number | null)[]
  readonly sequences?: readonly number[] | undefined
  readonly signals?: { readonly [name: string]: readonly (number | null)[] } | undefined
}

/** All ranks' observations of a step as one, in domain order. */
export type MergedStep = {
  readonly step: number
  readonly observations: number
  /** Oldest mixture version a rank sampled under; undefined when none said. */
  readonly mixtureVersion: number | undefined
  readonly present: readonly boolean[]
  readonly tokens: readonly number[]
  readonly lossSum: readonly number[]
  readonly sequences: readonly number[] | undefined
  /** Only signals that every reporting rank sent: a sum over some of the ranks would not fit the token count. */
  readonly signals: { readonly [name: string]: readonly number[] }
  /** Domains for which a rank reported a number that was not finite: absent from this step. */
  readonly quarantined: readonly number[]
}

/** Merges in rank order, because float addition is not associative and replay is exact to the bit. */
export function mergeStep(step: number, domainCount: number, observations: readonly Observation[]): MergedStep {
  const inRankOrder = [...observations].sort((a, b) => a.rank - b.rank)
  const present = new Array<boolean>(domainCount).fill(false)
  const tokens = new Array<number>(domainCount).fill(0)
  const lossSum = new Array<number>(domainCount).fill(0)
  const sequences = inRankOrder.every((one) => one.sequences !== undefined) ? new Array<number>(domainCount).fill(0) : undefined
  const signalNames = commonSignals(inRankOrder)
  const signals: Record<string, number[]> = {}
  for (const name of signalNames) signals[name] = new Array<number>(domainCount).fill(0)
  const quarantined = new Set<number>()
  let mixtureVersion: number | undefined

  for (const one of inRankOrder) {
    if (one.mixtureVersion !== undefined && (mixtureVersion === undefined || one.mixtureVersion < mixtureVersion)) mixtureVersion = one.mixtureVersion
    for (let i = 0; i < one.tokens.length; i++) {
      const domain = one.domains === undefined ? i : one.domains[i]!
      const loss = one.lossSum[i]!
      if (loss === null) {
        quarantined.add(domain)
        continue
      }
      present[domain] = true
      tokens[domain]! += one.tokens[i]!
      lossSum[domain]! += loss
      if (sequences !== undefined) sequences[domain]! += one.sequences![i]!
      for (const name of signalNames) {
        const value = one.signals![name]![i]!
        if (value === null) quarantined.add(domain)
        else signals[name]![domain]! += value
      }
    }
  }
  // Finite numbers can still sum to infinity.
  for (let domain = 0; domain < domainCount; domain++)
    if (!Number.isFinite(lossSum[domain]) || signalNames.some((name) => !Number.isFinite(signals[name]![domain]))) quarantined.add(domain)

  for (const domain of quarantined) {
    present[domain] = false
    tokens[domain] = 0
    lossSum[domain] = 0
    if (sequences !== undefined) sequences[domain] = 0
    for (const name of signalNames) signals[name]![domain] = 0
  }
  return {
    step,
    observations: inRankOrder.length,
    mixtureVersion,
    present,
    tokens,
    lossSum,
    sequences,
    signals,
    quarantined: [...quarantined].sort((a, b) => a - b),
  }
}

function commonSignals(observations: readonly Observation[]): readonly string[] {
  const first = observations[0]?.signals
  if (first === undefined) return []
  return Object.keys(first)
    .filter((name) => observations.every((one) => one.signals?.[name] !== undefined))
    .sort()
}
