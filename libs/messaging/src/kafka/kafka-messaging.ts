import type { ConnectionOptions } from 'node:tls'
import kafkajs, { type KafkaConfig, type SASLOptions } from 'kafkajs'
import { keyOf } from '../assignment.js'
import { registerCodecs } from '../compression/register-codecs.js'
import type { ConsumerOptions, Messaging } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'
import { partitionOfKey } from '../murmur2.js'
import { createRunning } from '../running.js'
import { ensureTopics } from './ensure-topics.js'
import { createKafkaConsumer } from './kafka-consumer.js'
import { toMessagingError } from './kafka-errors.js'
import { type Log, logCreatorFor } from './kafka-logger.js'
import { createKafkaProducer, type ProducerOptions } from './kafka-producer.js'
import { createKafkaReader } from './kafka-reader.js'
import { registerRecordDecoder } from './record-decoder.js'

export type KafkaMessagingOptions = {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: boolean | ConnectionOptions
  readonly sasl?: SASLOptions
  /** Told of warnings and errors only. */
  readonly logger?: Log
  readonly producer?: ProducerOptions
}

const partitionCountsLastMs = 60_000
const pingWithinMs = 5_000

export function createKafkaMessaging(options: KafkaMessagingOptions): Messaging {
  registerCodecs()
  registerRecordDecoder()
  const log: Log = options.logger ?? (() => undefined)
  const settings: KafkaConfig = {
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
    logLevel: kafkajs.logLevel.WARN,
    logCreator: logCreatorFor(log),
    connectionTimeout: 3_000,
  }
  const kafka = new kafkajs.Kafka({
    ...settings,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
  })
  // More patient (about 20 s): a member that gives up comes back as a stranger, and the group then waits a session
  // for the member that it was.
  const patient = new kafkajs.Kafka({
    ...settings,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 24 },
  })
  const admin = kafka.admin()
  const { tracked, stopAll } = createRunning()
  const partitionCounts = new Map<string, { readonly count: number; readonly at: number }>()

  async function asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw toMessagingError(error, doing)
    }
  }
  async function partitionsOf(topic: string): Promise<number> {
    const known = partitionCounts.get(topic)
    if (known && Date.now() - known.at < partitionCountsLastMs) return known.count
    const { topics } = await asked(`asking for ${topic}`, () => admin.fetchTopicMetadata({ topics: [topic] }))
    const count = topics[0]?.partitions.length ?? 0
    if (count === 0) throw new MessagingError('unknown-topic', `${topic} has no partitions`)
    partitionCounts.set(topic, { count, at: Date.now() })
    return count
  }
  const producer = createKafkaProducer(kafka, options.producer ?? {}, partitionsOf)
  const partitionOf = async (topic: string, key: string) => partitionOfKey(key, await partitionsOf(topic))
  const committed = (group: string, topic: string) =>
    asked(`asking for the offsets of ${group}`, async () => {
      const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
      return (found?.partitions ?? []).map(({ partition, offset }) => ({ partition, offset }))
    })
  const offsets = (topic: string) =>
    asked(`asking for the offsets of ${topic}`, async () =>
      (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({ partition, low, high })),
    )

  /** 'end' is fixed before joining: kafkajs would look it up at the first fetch and miss what was sent until then. */
  async function endsWithoutCommit({ group, topics, from }: ConsumerOptions): Promise<Map<string, string>> {
    const starts = new Map<string, string>()
    if (from === 'beginning') return starts
    for (const topic of topics) {
      const none = new Set(
        (await committed(group, topic)).filter(({ offset }) => offset === '-1').map((one) => one.partition),
      )
      for (const { partition, high } of await offsets(topic))
        if (none.has(partition)) starts.set(keyOf(topic, partition), high)
    }
    return starts
  }

  return {
    start: () =>
      asked('connecting', async () => {
        await Promise.all([admin.connect(), producer.start()])
      }),
    async stop() {
      await stopAll()
      await producer.stop()
      await admin.disconnect()
    },
    ping: () =>
      asked('ping', async () => {
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(
            () => reject(new MessagingError('unavailable', 'ping: no broker answered in time')),
            pingWithinMs,
          )
        })
        await Promise.race([admin.describeCluster(), late]).finally(() => clearTimeout(timer))
      }),
    ensureTopics: (specs) => asked('ensuring topics', () => ensureTopics(admin, specs)),
    send: (topic, messages) => producer.send(topic, messages),
    consumer: (wanted) =>
      tracked(createKafkaConsumer(wanted, { kafka: patient, log, startAt: () => endsWithoutCommit(wanted) })),
    reader: (wanted) =>
      tracked(
        createKafkaReader(wanted, {
          kafka: patient,
          log,
          admin,
          clientId: options.clientId,
          partitionsOf: async (keys) => [
            ...new Set(await Promise.all(keys.map((key) => partitionOf(wanted.topic, key)))),
          ],
        }),
      ),
    partitionOf,
    offsets,
    committed,
  }
}
