import type { Effects } from './effects.js'
import type { RunMessage } from './run-message.js'
import { count, identityOf, isRepeated, openedByOf, type RunState } from './run-state.js'

/** A message that would open an attempt that is open already, sent by somebody else than who opened it. */
export type RefusedOpening = {
  readonly kind: 'refusedOpening'
  readonly message: Opening
  readonly because: string
  /** Where it asks for another run than there is, it goes to the dead letters, too. */
  readonly dead: boolean
}
type Opening = Extract<RunMessage, { readonly name: 'run.started' | 'run.resumed' }>

/**
 * Whether somebody else sent this opening than who opened the attempt: its id is new to the run. Told once for each id, so
 * that a repeated message is boring. Without an id, or in runs of before ids were kept, that can't be known.
 */
export function isSomebodyElses(state: RunState, { id }: Opening): boolean {
  if (id === undefined || state.seen.openings === undefined || state.status === 'refused') return false
  return !isRepeated(state, 'openings', id)
}

/** This opens the attempt: the same message again will be a repetition. */
export function rememberOpening(state: RunState, { id }: Opening): void {
  if (id !== undefined && state.seen.openings !== undefined) isRepeated(state, 'openings', id)
}

export function foldRefusedOpening(state: RunState, entry: RefusedOpening, effects: Effects): void {
  const { message, because, dead } = entry
  const { name, data, offset, id } = message
  count(state.counts, name === 'run.started' ? 'refusedStart' : 'refusedResume')
  effects.events.push({
    type: 'OpeningRefused',
    data: {
      ...identityOf(state),
      step: state.learning.step,
      message: name,
      asked: data.attempt,
      id: id ?? '',
      ...openedByOf(state),
      because,
    },
  })
  if (dead) effects.rejections.push({ offset, because })
}
