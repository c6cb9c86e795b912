import { count, type Issued, type RunState } from './run-state.js'

/** Versions kept where a trainer never says which one it uses. */
const mostIssued = 64

/**
 * The mixture a batch was sampled under. A version that was never issued, or is older than what is remembered, is counted
 * and the nearest known one stands in: the losses are evidence all the same.
 */
export function mixtureInForce(state: RunState, version: number | undefined): readonly number[] {
  const { issued } = state
  const newest = issued[issued.length - 1]!
  if (version === undefined || version === newest.version) return newest.weights
  const found = issued.find((one) => one.version === version)
  if (found !== undefined) {
    forgetBefore(state, version)
    return found.weights
  }
  if (version > newest.version) {
    count(state.counts, 'versionNeverIssued')
    return newest.weights
  }
  count(state.counts, 'versionForgotten')
  return issued[0]!.weights
}

/** A trainer that samples under a version never goes back to an older one, so those before its predecessor may go. */
function forgetBefore(state: RunState, version: number): void {
  const keep = state.issued.findIndex((one) => one.version >= version - 1)
  const surplus = Math.max(keep, state.issued.length - mostIssued)
  if (surplus > 0) state.issued = state.issued.slice(surplus)
}

export function replaceIssued(state: RunState, changed: Issued): void {
  state.issued = state.issued.map((one) => (one.version === changed.version ? changed : one))
}
