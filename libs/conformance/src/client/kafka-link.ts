import {
  cloudEventHeaders,
  defaultPartitions,
  headerText,
  topicSettings,
  topics,
  typeOf,
} from '@mixdesk/contracts'
import { partitionOfKey, type IncomingMessage, type Messaging } from '@mixdesk/messaging'
import type { Caught } from '../seen.js'
import { foreignCommand, unknownCommand, type Command, type CommandLink } from './script.js'

const source = 'mixdesk-conformance'
const decoder = new TextDecoder()
const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : decoder.decode(bytes))

export type KafkaLink = CommandLink & {
  readonly partitions: number
  stop(): Promise<void>
}

/** Stands between the judge and Kafka: events in, commands out. */
export async function openKafkaLink(
  messaging: Messaging,
  run: string,
  hooks: { see(caught: Caught): void; onRival(where: string): void },
): Promise<KafkaLink> {
  await messaging.ensureTopics(
    topicSettings.map(({ topic, compacted }) => ({ topic, compacted, partitions: defaultPartitions })),
  )
  const partitions = (await messaging.offsets(topics.trainerEvents)).length
  const reached = new Map<number, number>()
  const place = ({ partition, offset }: IncomingMessage) => `partition ${partition}, offset ${offset}`
  const events = messaging.reader({
    topic: topics.trainerEvents,
    from: 'end',
    onMessage: (message) => {
      reached.set(
        message.partition,
        Math.max(reached.get(message.partition) ?? 0, Number(message.offset) + 1),
      )
      const { partition, headers, value } = message
      hooks.see({ by: 'kafka', where: place(message), key: textOf(message.key), partition, headers, value })
    },
  })
  // From the beginning: what an earlier run of the same name left there would be taken for ours by the client.
  const commands = messaging.reader({
    topic: topics.trainerCommands,
    keys: [run],
    from: 'beginning',
    onMessage: (message) => {
      if (message.value !== null && headerText(message.headers, 'ce_source') !== source)
        hooks.onRival(place(message))
      else if (message.value !== null && !sentHere.has(headerText(message.headers, 'ce_id') ?? ''))
        hooks.onRival(place(message))
    },
  })
  const sentHere = new Set<string>()
  await Promise.all([events.start(), commands.start()])
  // What lies before that is not of a client which starts now.
  for (const { partition, high } of await messaging.offsets(topics.trainerEvents))
    reached.set(partition, Math.max(reached.get(partition) ?? 0, Number(high)))

  const send = (key: string, type: string, id: string, data: unknown) => {
    sentHere.add(id)
    return messaging.send(topics.trainerCommands, [
      { key, headers: cloudEventHeaders({ id, type, source }), value: JSON.stringify(data) },
    ])
  }
  /** A run whose commands lie in the same partition: a client that looks at partitions only would take them. */
  function neighbour(): string {
    const count = partitions
    for (let i = 0; ; i++) {
      const name = `${run.slice(0, 100)}-neighbour-${i}`
      if (partitionOfKey(name, count) === partitionOfKey(run, count)) return name
    }
  }
  return {
    partitions,
    send: ({ id, data }: Command) => send(run, typeOf('mixture.set'), id, data),
    async disturb() {
      const other = neighbour()
      const foreign = foreignCommand(other, 900)
      const unknown = unknownCommand(run)
      await send(other, foreign.type, `${other}-conformance`, foreign.data)
      await messaging.send(topics.trainerCommands, [{ key: other, headers: {}, value: null }])
      await messaging.send(topics.trainerCommands, [{ key: run, headers: {}, value: null }])
      await send(run, unknown.type, `${run}-conformance-unknown`, unknown.data)
    },
    async drain(atMostMs) {
      const deadline = Date.now() + atMostMs
      // The end as it is now: others may go on sending for ever.
      const ends = await messaging.offsets(topics.trainerEvents)
      const isBehind = () => ends.some(({ partition, high }) => Number(high) > (reached.get(partition) ?? 0))
      while (isBehind() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    async stop() {
      await Promise.all([events.stop(), commands.stop()])
    },
  }
}
