import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs'
import { backoffMs } from '../backoff.js'
import type { OutgoingMessage } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'
import { partitionOfKey } from '../murmur2.js'
import { encodeMessage } from './encode-message.js'
import { toMessagingError } from './kafka-errors.js'
import { type Job, SendLane } from './send-lane.js'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4'
export type ProducerOptions = {
  readonly compression?: Compression
  /** How long `send` goes on trying through an outage before it gives up as 'unavailable'. Default 30 s. */
  readonly deliveryTimeoutMs?: number
}

const unknownTopicTries = 5

type Waiting = { readonly messages: readonly OutgoingMessage[]; readonly job: Job }
type Topic = { readonly lanes: SendLane[]; count?: number; waiting: Waiting[]; learning?: Promise<void> }

/**
 * Sends by lanes, one for each partition, so that a request concerns one partition and succeeds or fails as a whole:
 * kafkajs reports a failure of one partition as that of the whole request, and repeating it would repeat the others.
 *
 * kafkajs's own retries are off, and with them its idempotence (it insists on retries): after it has given up, it uses
 * the same sequence numbers for other messages, which a broker that had stored the first ones takes for repetitions
 * and drops. The price: a request whose answer was lost may be there twice.
 */
export function createKafkaProducer(
  kafka: Kafka,
  options: ProducerOptions,
  partitionsOf: (topic: string) => Promise<number>,
) {
  const { CompressionTypes, Partitioners } = kafkajs
  const compression = {
    none: CompressionTypes.None,
    gzip: CompressionTypes.GZIP,
    snappy: CompressionTypes.Snappy,
    lz4: CompressionTypes.LZ4,
  }[options.compression ?? 'none']
  const deliveryTimeoutMs = options.deliveryTimeoutMs ?? 30_000
  const producer: Producer = kafka.producer({
    // Every message says its partition; this would choose the same one.
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
  })
  const topics = new Map<string, Topic>()
  let state: 'new' | 'open' | 'closing' | 'closed' = 'new'

  /** Repeats the work through outages, and shortly for a topic that may just have been created. */
  async function insist<T>(topic: string, work: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + deliveryTimeoutMs
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work()
      } catch (cause) {
        const error = toMessagingError(cause, `sending to ${topic}`)
        const again = error.retriable || (error.code === 'unknown-topic' && attempt < unknownTopicTries)
        const pauseMs = backoffMs(attempt, 50, 1_000)
        if (!again || state === 'closed' || Date.now() + pauseMs > deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }
  const deliverTo = (topic: string) => (messages: Message[]) =>
    insist(topic, async () => {
      await producer.send({ topic, messages, acks: -1, compression })
    })

  function queue(
    topic: string,
    { lanes, count = 1 }: Topic,
    messages: readonly OutgoingMessage[],
    job: Job,
  ): void {
    for (const message of messages) {
      const partition = message.partition ?? partitionOfKey(message.key, count)
      lanes[partition] ??= new SendLane(deliverTo(topic))
      lanes[partition].push({ ...encodeMessage(message, partition), job })
    }
  }
  /** Partitions are asked for once; a topic that grows under way needs a restart, as it moves its keys anyway. */
  async function learn(name: string, topic: Topic): Promise<void> {
    try {
      topic.count = await insist(name, () => partitionsOf(name))
      // In the turn in which the count is known, so that no later send comes first.
      for (const { messages, job } of topic.waiting) queue(name, topic, messages, job)
    } catch (error) {
      for (const { job } of topic.waiting) job.reject(error as MessagingError)
    }
    topic.waiting = []
    delete topic.learning
  }

  return {
    async start(): Promise<void> {
      await producer.connect()
      state = 'open'
    },
    /** Waits for what has been accepted, then disconnects. */
    async stop(): Promise<void> {
      if (state === 'closed') return
      state = 'closing'
      for (const { learning, lanes } of topics.values()) {
        await learning
        await Promise.all(lanes.map((lane) => lane.idle()))
      }
      state = 'closed'
      await producer.disconnect()
    },
    send(name: string, messages: readonly OutgoingMessage[]): Promise<void> {
      if (state !== 'open') {
        const said = `sending to ${name}: messaging is not started or is stopping`
        return Promise.reject(new MessagingError('stopped', said))
      }
      if (messages.length === 0) return Promise.resolve()
      const topic = topics.get(name) ?? { lanes: [], waiting: [] }
      topics.set(name, topic)
      return new Promise((resolve, reject) => {
        const job: Job = { left: messages.length, failed: false, resolve, reject }
        if (topic.count !== undefined) return queue(name, topic, messages, job)
        topic.waiting.push({ messages, job })
        topic.learning ??= learn(name, topic)
      })
    },
  }
}
