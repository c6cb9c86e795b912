import { eventIdOf, openKafkaEvent, parseTrainerEvent, topics } from '@mixdesk/contracts'
import type { IncomingMessage, Messaging } from '@mixdesk/messaging'
import type { RunMessage } from '@mixdesk/mixture'
import { eventually } from './eventually.js'

/** Marks a message that is meant to end among the dead letters. */
export const poisonHeader = 'test-poison'

const decoder = new TextDecoder()
export const keyOf = (message: IncomingMessage): string =>
  message.key === null ? '' : decoder.decode(message.key)
export const headerOf = (message: IncomingMessage, name: string): string => {
  const value = message.headers[name]
  return typeof value === 'string' ? value : value instanceof Uint8Array ? decoder.decode(value) : ''
}

/** Everything a topic holds now, each partition in the order of its offsets. */
export async function readTopic(messaging: Messaging, topic: string): Promise<readonly IncomingMessage[]> {
  const offsets = await eventually(() => messaging.offsets(topic), `the offsets of ${topic}`)
  const left = new Map(
    offsets
      .filter(({ low, high }) => BigInt(high) > BigInt(low))
      .map(({ partition, high }) => [partition, BigInt(high)]),
  )
  if (left.size === 0) return []
  const found: IncomingMessage[] = []
  const reader = messaging.reader({
    topic,
    from: 'beginning',
    onMessage: (message) => {
      found.push(message)
      if (BigInt(message.offset) + 1n >= (left.get(message.partition) ?? 0n)) left.delete(message.partition)
    },
  })
  await reader.start()
  await eventually(() => left.size === 0, `the end of ${topic}`)
  await reader.stop()
  return found
}

export type Log = {
  /** What each run's trainers and people said, in the order that counts. */
  readonly runs: ReadonlyMap<string, readonly RunMessage[]>
  /** Where the marked messages lie: partition@offset. */
  readonly poison: ReadonlySet<string>
}

export const placeOf = (partition: number | string, offset: string) => `${partition}@${offset}`

/** The trainers' topic, read back: where several send at once, only the log knows the order. */
export async function readLog(messaging: Messaging): Promise<Log> {
  const runs = new Map<string, RunMessage[]>()
  const poison = new Set<string>()
  for (const message of await readTopic(messaging, topics.trainerEvents)) {
    if (headerOf(message, poisonHeader) !== '') {
      poison.add(placeOf(message.partition, message.offset))
      continue
    }
    const opened = openKafkaEvent(message.headers, message.value)
    const parsed = opened.ok ? parseTrainerEvent(opened.value) : opened
    if (!parsed.ok) throw new Error(`A test sent what cannot be parsed without marking it: ${parsed.because}`)
    const run = keyOf(message)
    const events = runs.get(run) ?? []
    runs.set(run, events)
    const id = opened.ok ? eventIdOf(message.headers, opened.value) : undefined
    events.push({ ...parsed.value, offset: Number(message.offset), ...(id === undefined ? {} : { id }) })
  }
  return { runs, poison }
}
