import { count, type Issued, type Learning, type RunState } from './run-state.js'

/**
 * Versions kept for looking up and for acknowledgements, however far a trainer lags. They are most of a snapshot, which is
 * written with every decision: with 64 of them a commit took half as long again.
 */
const mostKept = 16

/**
 * The mixture a batch was sampled under. A version that was never issued, or is older than what is remembered, is counted
 * and the nearest known one stands in: the losses are evidence all the same. Without a version the newest one is meant.
 */
export function mixtureInForce(state: RunState, version: number | undefined): readonly number[] {
  const { mixtures } = state.learning
  const newest = mixtures[mixtures.length - 1]!
  if (version === undefined || version === newest.version) return newest.weights
  if (version > newest.version) {
    count(state.counts, 'versionNeverIssued')
    return newest.weights
  }
  let at = mixtures.length - 2
  while (at > 0 && mixtures[at]!.version > version) at--
  const nearest = mixtures[at] ?? newest
  if (nearest.version !== version) count(state.counts, 'versionForgotten')
  return nearest.weights
}

/** A trainer that samples under a version hardly goes back to an older one: those before its predecessor may go. */
export function withoutUnused(
  mixtures: Learning['mixtures'],
  version: number | undefined,
): Learning['mixtures'] {
  if (version === undefined || mixtures.length <= 2) return mixtures
  const at = mixtures.findIndex((one) => one.version >= version)
  return at > 1 ? mixtures.slice(at - 1) : mixtures
}

export function withMixture(
  mixtures: Learning['mixtures'],
  version: number,
  weights: readonly number[],
): Learning['mixtures'] {
  return [...mixtures.slice(1 - mostKept), { version, weights }]
}

/** The versions of both, rising: a resumed trainer may still sample under what its checkpoint had, or what came after it. */
export function unionOf(older: Learning['mixtures'], newer: Learning['mixtures']): Learning['mixtures'] {
  const known = new Set(older.map((one) => one.version))
  return [...older, ...newer.filter((one) => !known.has(one.version))]
    .sort((a, b) => a.version - b.version)
    .slice(-mostKept)
}

export function addIssued(state: RunState, version: number, fromStep: number): void {
  state.issued = [
    ...state.issued.slice(1 - mostKept),
    { version, fromStep, acknowledged: [], acknowledgements: 0, refused: false },
  ]
  state.silence ??= { version, fromStep }
}

export function replaceIssued(state: RunState, changed: Issued): void {
  state.issued = state.issued.map((one) => (one.version === changed.version ? changed : one))
}
