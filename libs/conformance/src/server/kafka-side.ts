import { cloudEventHeaders, topics, typeOf } from '@mixdesk/contracts'
import {
  createKafkaMessaging,
  type IncomingMessage,
  type Messaging,
  type OutgoingMessage,
} from '@mixdesk/messaging'
import type { CommandJudge } from './command-judge.js'
import { structured, type StoryEvent } from './story.js'

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4'
/** Makes a client that packs what it sends with this codec. */
export type Connect = (codec: Codec) => Messaging
export type KafkaSide = {
  readonly messaging: Messaging
  readonly partitions: number
  send(
    events: readonly StoryEvent[],
    how?: { readonly structured?: boolean; readonly codec?: Codec },
  ): Promise<void>
  sendRaw(messages: readonly OutgoingMessage[]): Promise<void>
  /** Dead letters with this key, as far as they have come. */
  letters(key: string): readonly IncomingMessage[]
  onLetter(tell: () => void): () => void
  stop(): Promise<void>
}

export const connectTo =
  (brokers: readonly string[]): Connect =>
  (codec) =>
    createKafkaMessaging({ brokers, clientId: 'mixdesk-conformance', producer: { compression: codec } })

/** The trainer's end of Kafka: reports out, commands and dead letters in. */
export async function openKafkaSide(
  connect: Connect,
  judge: CommandJudge,
  onPartitions: (count: number) => void,
): Promise<KafkaSide> {
  const byCodec = new Map<Codec, Messaging>()
  const messagingFor = async (codec: Codec): Promise<Messaging> => {
    const known = byCodec.get(codec)
    if (known !== undefined) return known
    const messaging = connect(codec)
    byCodec.set(codec, messaging)
    await messaging.start()
    return messaging
  }
  const letters = new Map<string, IncomingMessage[]>()
  const listeners = new Set<() => void>()
  const decoder = new TextDecoder()
  const stop = async () => {
    await Promise.all([...byCodec.values()].map((messaging) => messaging.stop()))
  }
  try {
    const messaging = await messagingFor('none')
    const partitions = (await messaging.offsets(topics.trainerCommands)).length
    onPartitions(partitions)
    const commands = messaging.reader({ topic: topics.trainerCommands, from: 'end', onMessage: judge.see })
    const dead = messaging.reader({
      topic: topics.deadLetters,
      from: 'end',
      onMessage: (message) => {
        const key = message.key === null ? '' : decoder.decode(message.key)
        letters.set(key, [...(letters.get(key) ?? []), message])
        for (const tell of [...listeners]) tell()
      },
    })
    await Promise.all([commands.start(), dead.start()])
    return {
      messaging,
      partitions,
      async send(events, how = {}) {
        const sender = await messagingFor(how.codec ?? 'none')
        await sender.send(
          topics.trainerEvents,
          events.map((event) =>
            how.structured === true
              ? {
                  key: event.data.run,
                  headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
                  value: JSON.stringify(structured(event)),
                }
              : binary(event),
          ),
        )
      },
      sendRaw: (messages) => messaging.send(topics.trainerEvents, messages),
      letters: (key) => letters.get(key) ?? [],
      onLetter(tell) {
        listeners.add(tell)
        return () => void listeners.delete(tell)
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export const binary = ({ id, name, data }: StoryEvent): OutgoingMessage => ({
  key: data.run,
  headers: cloudEventHeaders({
    id,
    type: typeOf(name),
    source: 'mixdesk-conformance',
    time: new Date().toISOString(),
  }),
  value: JSON.stringify(data),
})
