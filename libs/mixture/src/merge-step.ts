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
  /** Only when every reporting rank counted them. */
  readonly sequences: readonly number[] | undefined
  /** Only signals that every reporting rank sent, by name: a sum over some of the ranks would not fit the token count. */
  readonly signals: { readonly [name: string]: readonly number[] }
  /** `tokens`, and those of quarantined domains too: they were read all the same. */
  readonly tokensRead: readonly number[]
  /** Domains for which a rank reported a number that was not finite, or the sum was not: absent from this step. Rising. */
  readonly quarantined: readonly number[]
}

/** Merges in rank order, because float addition is not associative and replay is exact to the bit. */
export function mergeStep(
  step: number,
  domainCount: number,
  observations: readonly Observation[],
): MergedStep {
  const inRankOrder =
    observations.length > 1 ? [...observations].sort((a, b) => a.rank - b.rank) : observations
  const names = commonSignals(inRankOrder)
  const present = new Array<boolean>(domainCount).fill(false)
  const bad = new Set<number>()
  const noteBad = (domain: number) => void bad.add(domain)

  const lossSum = new Array<number>(domainCount).fill(0)
  for (const one of inRankOrder) {
    const { domains, lossSum: losses } = one
    for (let i = 0; i < losses.length; i++) present[domains === undefined ? i : domains[i]!] = true
    add(lossSum, domains, losses, noteBad)
  }
  const tokens = new Array<number>(domainCount).fill(0)
  for (const one of inRankOrder) add(tokens, one.domains, one.tokens, noteBad)
  const signals: Record<string, number[]> = {}
  for (const name of names) {
    const sums = (signals[name] = new Array<number>(domainCount).fill(0))
    for (const one of inRankOrder) add(sums, one.domains, one.signals![name]!, noteBad)
  }
  let sequences: number[] | undefined
  if (inRankOrder.every((one) => one.sequences !== undefined)) {
    sequences = new Array<number>(domainCount).fill(0)
    for (const one of inRankOrder) add(sequences, one.domains, one.sequences!, noteBad)
  }
  const summed = [tokens, lossSum, ...Object.values(signals), ...(sequences === undefined ? [] : [sequences])]
  // Finite numbers can still add up to infinity.
  for (const sums of summed) for (let i = 0; i < domainCount; i++) if (!Number.isFinite(sums[i])) bad.add(i)
  const tokensRead = bad.size === 0 ? tokens : [...tokens]
  for (const domain of bad) {
    present[domain] = false
    for (const sums of summed) sums[domain] = 0
  }
  const quarantined = [...bad].sort((a, b) => a - b)
  return {
    step,
    observations: inRankOrder.length,
    mixtureVersion: oldestVersion(inRankOrder),
    present,
    tokens,
    lossSum,
    sequences,
    signals,
    tokensRead,
    quarantined,
  }
}

function add(
  sums: number[],
  domains: readonly number[] | undefined,
  values: readonly (number | null)[],
  noteBad: (domain: number) => void,
): void {
  for (let i = 0; i < values.length; i++) {
    const domain = domains === undefined ? i : domains[i]!
    const value = values[i] as number | null
    if (value === null) noteBad(domain)
    else sums[domain]! += value
  }
}

function oldestVersion(observations: readonly Observation[]): number | undefined {
  let oldest: number | undefined
  for (const { mixtureVersion } of observations)
    if (mixtureVersion !== undefined && (oldest === undefined || mixtureVersion < oldest))
      oldest = mixtureVersion
  return oldest
}

function commonSignals(observations: readonly Observation[]): readonly string[] {
  const first = observations[0]?.signals
  if (first === undefined) return []
  // Own members only: a signal may be named like something every object inherits.
  const isCommon = (name: string) =>
    observations.every((one) => one.signals !== undefined && Object.hasOwn(one.signals, name))
  return Object.keys(first).filter(isCommon).sort()
}
