import type { LedgerData, TrainerEvent } from '@mixdesk/contracts'
import { createRefold } from '@mixdesk/mixture'

/** The decisions an undisturbed run comes to: the same messages folded in memory, by the pure core alone. */
export function expectedDecisions(events: readonly TrainerEvent[]): readonly LedgerData<'MixtureDecided'>[] {
  const run = events[0]?.data.run ?? ''
  const resumes = events.flatMap((event) => (event.name === 'run.resumed' ? [event.data.step] : []))
  const refold = createRefold(run, resumes)
  return events
    .flatMap((event, offset) => refold.take({ ...event, offset }))
    .flatMap((effects) => effects.events)
    .flatMap((event) => (event.type === 'MixtureDecided' ? [event.data] : []))
}
