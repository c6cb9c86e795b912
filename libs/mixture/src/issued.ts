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
  const { superseded } = state
  let { mixtures } = state.learning
  const newest = mixtures[mixtures.length - 1]!
  if (version === undefined || version === newest.version) return newest.weights
  if (version > newest.version) {
    count(state.counts, 'versionNeverIssued')
    return newest.weights
  }
  if (superseded !== undefined) mixtures = byVersion([...superseded, ...mixtures])
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

/**
 * What a resume undoes of the mixtures: a resumed trainer may sample under one until its first command comes. Kept apart from
 * those that the checkpoint has, which it may sample under as well, so that many of these don't crowd out any of those.
 */
export function supersededBy(
  kept: Learning['mixtures'],
  before: Pick<RunState, 'learning' | 'superseded'>,
): Learning['mixtures'] {
  const known = new Set(kept.map((one) => one.version))
  return latestOf(
    [...(before.superseded ?? []), ...before.learning.mixtures].filter(
      ({ version }) => !known.has(version) && known.add(version),
    ),
  )
}

/** As many of the latest as are kept, by rising version. */
export const latestOf = (mixtures: Learning['mixtures']): Learning['mixtures'] =>
  byVersion(mixtures).slice(-mostKept)

const byVersion = (mixtures: Learning['mixtures']) => [...mixtures].sort((a, b) => a.version - b.version)

/** A step was sampled under what came after the resume: nobody goes back to what it undid. */
export function forgetSuperseded(state: RunState, version: number | undefined): void {
  const newest = state.superseded?.at(-1)
  if (newest === undefined || version === undefined || version <= newest.version) return
  delete state.superseded
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
