import type { LedgerEvent, MixtureApplied, MixtureRefused } from '@mixdesk/contracts'
import { resend } from './decide-mixture.js'
import type { Effects } from './effects.js'
import { replaceIssued } from './issued.js'
import { count, identityOf, type Issued, type RunState } from './run-state.js'

/** What comes of an acknowledgement: a fact, a rejection with its reason, or nothing, which is counted. */
export type Noted = { readonly event?: LedgerEvent; readonly because?: string }

/** A rank has taken a mixture into effect. The second time is ignored; a version never issued is rejected with a sentence. */
export function acknowledge(state: RunState, applied: MixtureApplied): Noted {
  const { version, step, rank } = applied
  if (rank >= state.ranks)
    return {
      because: `mixture.applied: rank ${rank} doesn't exist; the run has ${state.ranks} ranks, counted from 0.`,
    }
  const found = findIssued(state, 'mixture.applied', version)
  if ('because' in found) return found
  const { issued } = found
  if (issued === undefined) return ignored(state, 'versionForgotten')
  const word = rank >> 5
  const bit = 1 << (rank & 31)
  const everyone = issued.acknowledgements >= state.ranks
  if (everyone || ((issued.acknowledged[word] ?? 0) & bit) !== 0)
    return ignored(state, 'duplicateAcknowledgement')

  const acknowledgements = issued.acknowledgements + 1
  const complete = acknowledgements >= state.ranks
  replaceIssued(state, {
    ...issued,
    acknowledgements,
    acknowledged: complete ? [] : withBit(issued.acknowledged, word, bit),
  })
  if (complete) breakSilence(state, version)
  count(state.counts, 'acknowledgements')
  return { event: { type: 'MixtureApplied', data: { ...identityOf(state), version, step, rank } } }
}

export function noteRefusal(state: RunState, refused: MixtureRefused): Noted {
  const { version, step, because } = refused
  const found = findIssued(state, 'mixture.refused', version)
  if ('because' in found) return found
  if (found.issued === undefined) return ignored(state, 'versionForgotten')
  if (found.issued.refused) return ignored(state, 'duplicateRefusal')
  replaceIssued(state, { ...found.issued, refused: true })
  return { event: { type: 'MixtureRefused', data: { ...identityOf(state), version, step, because } } }
}

/**
 * Counts the run's own steps, not seconds: when ranks have left mixtures unacknowledged for too long, the oldest such one
 * expires and the newest is sent again. Looking at the newest only would never notice a silent trainer whose policy
 * decides more often than `acknowledgeWithin`.
 */
export function expireUnacknowledged(state: RunState, effects: Effects): void {
  const { silence, learning } = state
  if (silence === null) return
  const patience = state.rails.acknowledgeWithin * 2 ** Math.min(state.expirations, 20)
  if (learning.step - silence.fromStep < patience) return
  const issued = state.issued.find((one) => one.version === silence.version)
  const missingRanks = state.ranks - (issued?.acknowledgements ?? 0)
  state.silence = null
  state.expirations += 1
  effects.events.push({
    type: 'MixtureExpired',
    data: { ...identityOf(state), version: silence.version, step: learning.step, missingRanks },
  })
  resend(state, effects)
}

/** All ranks have this version: what waits now is the first one after it. */
function breakSilence(state: RunState, version: number): void {
  state.expirations = 0
  if (state.silence === null || state.silence.version > version) return
  const waiting = state.issued.find((one) => one.version > version)
  state.silence = waiting === undefined ? null : { version: waiting.version, fromStep: waiting.fromStep }
}

function findIssued(
  state: RunState,
  name: string,
  version: number,
): { readonly issued: Issued | undefined } | { readonly because: string } {
  return version > state.version
    ? { because: `${name}: version ${version} was never issued; the newest is ${state.version}.` }
    : { issued: state.issued.find((one) => one.version === version) }
}

function withBit(words: readonly number[], word: number, bit: number): readonly number[] {
  const changed = Array.from({ length: Math.max(word + 1, words.length) }, (_, i) => words[i] ?? 0)
  changed[word]! |= bit
  return changed
}

function ignored(state: RunState, reason: string): Noted {
  count(state.counts, reason)
  return {}
}
