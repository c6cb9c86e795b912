import { eventIdOf, openKafkaEvent, parseTrainerEvent, type TrainerEvent } from '@mixdesk/contracts'
import type { IncomingMessage } from '@mixdesk/messaging'

export type Parsed =
  | {
      readonly ok: true
      readonly event: TrainerEvent
      readonly time?: string
      /** Of what opens an attempt, where it has one; nothing else is asked for its id, which would cost time. */
      readonly id?: string
    }
  | { readonly ok: false; readonly because: string }

const decoder = new TextDecoder()

/** A trainer's event out of a Kafka message; its key must be its run, or the run's order would be lost. */
export function parseMessage(message: IncomingMessage): Parsed {
  const opened = openKafkaEvent(message.headers, message.value)
  if (!opened.ok) return opened
  const parsed = parseTrainerEvent(opened.value)
  if (!parsed.ok) return parsed
  const key = message.key === null ? '' : decoder.decode(message.key)
  if (key !== parsed.value.data.run)
    return {
      ok: false,
      because: `The key of the message is "${key.slice(0, 128)}" but its run is "${parsed.value.data.run}"; use the run as the key, so that its messages keep their order.`,
    }
  const event = parsed.value
  const { time } = opened.value
  const opens = event.name === 'run.started' || event.name === 'run.resumed'
  const id = opens ? eventIdOf(message.headers, opened.value) : undefined
  return {
    ok: true,
    event,
    ...(time === undefined ? {} : { time }),
    ...(id === undefined ? {} : { id }),
  }
}
