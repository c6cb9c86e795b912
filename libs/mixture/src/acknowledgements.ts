import type { MixtureApplied, MixtureRefused } from '@mixdesk/contracts'
import { resend } from './decide-mixture.js'
import type { Effects } from './effects.js'
import { replaceIssued } from './issued.js'
import { count, type RunState } from './run-state.js'

const identityOf = ({ run, project, attempt }: RunState) => ({ run, project, attempt })

/** A rank has taken a mixture into effect. The second time is ignored; a version never issued is refused with a sentence. */
export function acknowledge(state: RunState, applied: MixtureApplied): { readonly event?: Effects['events'][number]; readonly because?: string } {
  if (applied.attempt !== state.attempt) return ignored(state, 'staleAttempt')
  if (applied.rank >= state.ranks) return { because: `mixture.applied: rank ${applied.rank} doesn't exist; the run has ${state.ranks} ranks, counted from 0.` }
  if (applied.version > state.version) return { because: `mixture.applied: version ${applied.version} was never issued; the newest is ${state.version}.` }
  const issued = state.issued.find((one) => one.version === applied.version)
  if (issued === undefined) return ignored(state, 'versionForgotten')
  const word = applied.rank >> 5
  const bit = 1 << (applied.rank & 31)
  if (((issued.acknowledged[word] ?? 0) & bit) !== 0) return ignored(state, 'duplicateAcknowledgement')
  const acknowledged = Array.from({ length: Math.max(word + 1, issued.acknowledged.length) }, (_, i) => issued.acknowledged[i] ?? 0)
  acknowledged[word]! |= bit
  replaceIssued(state, { ...issued, acknowledged, acknowledgements: issued.acknowledgements + 1 })
  count(state.counts, 'acknowledgements')
  const { version, step, rank } = applied
  return { event: { type: 'MixtureApplied', data: { ...identityOf(state), version, step, rank } } }
}

export function noteRefusal(state: RunState, refused: MixtureRefused): { readonly event?: Effects['events'][number]; readonly because?: string } {
  if (refused.attempt !== state.attempt) return ignored(state, 'staleAttempt')
  if (refused.version > state.version) return { because: `mixture.refused: version ${refused.version} was never issued; the newest is ${state.version}.` }
  const key = `refused:${refused.attempt}:${refused.version}`
  if (state.seen.includes(key)) return ignored(state, 'duplicateAcknowledgement')
  state.seen = [...state.seen.slice(-127), key]
  const { version, step, because } = refused
  return { event: { type: 'MixtureRefused', data: { ...identityOf(state), version, step, because } } }
}

/** Counts the run's own steps, not seconds: the newest mixture that not every rank has acknowledged in time is sent again, once. */
export function expireUnacknowledged(state: RunState, effects: Effects): void {
  const newest = state.issued[state.issued.length - 1]!
  if (newest.version === 0 || newest.expired || newest.acknowledgements >= state.ranks) return
  if (state.learning.step - newest.fromStep < state.rails.acknowledgeWithin) return
  replaceIssued(state, { ...newest, expired: true })
  effects.events.push({
    type: 'MixtureExpired',
    data: { ...identityOf(state), version: newest.version, step: state.learning.step, missingRanks: state.ranks - newest.acknowledgements },
  })
  resend(state, effects)
}

function ignored(state: RunState, reason: string): Record<string, never> {
  count(state.counts, reason)
  return {}
}
