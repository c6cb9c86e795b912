import type { Messaging, TopicSpec } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'
import { partitionOfKey } from '../murmur2.js'
import { createRunning } from '../running.js'
import { MemoryBroker } from './memory-broker.js'
import { createMemoryConsumer } from './memory-consumer.js'
import { createMemoryReader } from './memory-reader.js'

export type MemoryMessagingOptions = {
  /** Shared by clients that shall see one another. Default: one of its own. */
  readonly broker?: MemoryBroker
  /** Overrules the number that a topic is asked with; fewer make a test easier to follow. */
  readonly partitions?: number
}

/** A client of a broker in memory. Stopping it leaves the broker, with messages and offsets, for the next client. */
export function createMemoryMessaging(options: MemoryMessagingOptions = {}): Messaging {
  const broker = options.broker ?? new MemoryBroker()
  let open = false

  const assertOpen = () => {
    if (!open) throw new MessagingError('stopped', 'messaging is not started or has been stopped')
  }
  const whenOpen = async <T>(work: () => T): Promise<T> => {
    await Promise.resolve()
    assertOpen()
    return work()
  }
  const { tracked, stopAll } = createRunning(assertOpen)
  function differencesOf({ topic, partitions, compacted }: TopicSpec): string[] {
    const found = broker.topic(topic)
    const differences: string[] = []
    if (found.partitions.length !== partitions)
      differences.push(`${topic} has ${found.partitions.length} partitions instead of ${partitions}`)
    const policy = (yes: boolean) => (yes ? 'compact' : 'delete')
    if (found.compacted !== compacted)
      differences.push(
        `${topic} has cleanup.policy=${policy(found.compacted)} instead of ${policy(compacted)}`,
      )
    return differences
  }

  return {
    start() {
      open = true
      return Promise.resolve()
    },
    async stop() {
      await stopAll()
      open = false
    },
    ping: () => whenOpen(() => undefined),
    ensureTopics: (specs) =>
      whenOpen(() => {
        const wanted = specs.map((spec) => ({ ...spec, partitions: options.partitions ?? spec.partitions }))
        const created = wanted.filter((spec) => broker.create(spec)).map(({ topic }) => topic)
        const before = wanted.filter(({ topic }) => !created.includes(topic))
        return { created, differences: before.flatMap(differencesOf) }
      }),
    send: (topic, messages) => whenOpen(() => broker.append(topic, messages)),
    consumer: (wanted) => tracked(createMemoryConsumer(broker, wanted)),
    reader: (wanted) => tracked(createMemoryReader(broker, wanted)),
    partitionOf: (topic, key) => whenOpen(() => partitionOfKey(key, broker.topic(topic).partitions.length)),
    offsets: (topic) =>
      whenOpen(() =>
        broker
          .topic(topic)
          .partitions.map((log, partition) => ({ partition, low: '0', high: String(log.length) })),
      ),
    committed: (group, topic) =>
      whenOpen(() =>
        broker.topic(topic).partitions.map((_, partition) => ({
          partition,
          offset: String(broker.group(group).committedOf(topic, partition) ?? -1n),
        })),
      ),
  }
}
