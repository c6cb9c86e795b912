import type { LedgerData, LedgerEvent, TrainerEvent } from '@mixdesk/contracts'
import { createRefold, type RunMessage } from '@mixdesk/mixture'

/** The facts an undisturbed run comes to: the same messages folded in memory, by the pure core alone. */
export function expectedFacts(messages: readonly RunMessage[]): readonly LedgerEvent[] {
  const run = messages[0]?.data.run ?? ''
  const resumes = messages.flatMap((message) => (message.name === 'run.resumed' ? [message.data.step] : []))
  const refold = createRefold(run, resumes)
  return messages.flatMap((message) => refold.take(message)).flatMap((effects) => effects.events)
}

export const decisionsAmong = (facts: readonly LedgerEvent[]): readonly LedgerData<'MixtureDecided'>[] =>
  facts.flatMap((fact) => (fact.type === 'MixtureDecided' ? [fact.data] : []))

/** The decisions an undisturbed run comes to. */
export const expectedDecisions = (events: readonly TrainerEvent[]): readonly LedgerData<'MixtureDecided'>[] =>
  decisionsAmong(expectedFacts(events.map((event, offset) => ({ ...event, offset }))))
