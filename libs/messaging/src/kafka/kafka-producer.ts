import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs'
import { backoffMs } from '../backoff.js'
import type { OutgoingMessage } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'
import { toMessagingError } from './kafka-errors.js'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4'
export type ProducerOptions = {
  readonly compression?: Compression
  /** How long `send` goes on trying through an outage before it gives up as 'unavailable'. Default 30 s. */
  readonly deliveryTimeoutMs?: number
}

// A request stays well below the 2 MiB that a topic takes in one batch, and small enough that kafkajs, which copies a
// partition's list once per message while it groups them, does not notice.
const mostBytes = 900_000
const mostMessages = 1_000
const unknownTopicTries = 5

type Job = {
  left: number
  readonly resolve: () => void
  readonly reject: (error: MessagingError) => void
  failed: boolean
}
type Queued = { readonly message: Message; readonly bytes: number; readonly job: Job }
type Lane = { queue: Queued[]; busy: boolean }

/**
 * One producer with a lane for each topic: one request of a lane is in flight, what comes meanwhile goes together in
 * the next. So order holds under retries and a burst costs few requests, at no delay for a lone message.
 *
 * kafkajs's own retries are off, and its idempotence with them (it insists on retries): a retry there skips a broker
 * that has answered once, so messages of a partition whose leader moved meanwhile would count as sent without being
 * sent; and after a failure it reuses sequence numbers, so a broker may take a new batch for the old one and drop it.
 * The price is that a batch whose answer was lost may be there twice.
 */
export function createKafkaProducer(kafka: Kafka, options: ProducerOptions) {
  const { CompressionTypes, Partitioners } = kafkajs
  const compression = {
    none: CompressionTypes.None,
    gzip: CompressionTypes.GZIP,
    snappy: CompressionTypes.Snappy,
    lz4: CompressionTypes.LZ4,
  }[options.compression ?? 'none']
  const deliveryTimeoutMs = options.deliveryTimeoutMs ?? 30_000
  const producer: Producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
  })
  const lanes = new Map<string, Lane>()
  const pumps = new Set<Promise<void>>()
  let state: 'new' | 'open' | 'closing' | 'closed' = 'new'

  async function deliver(topic: string, messages: Message[]): Promise<void> {
    const deadline = Date.now() + deliveryTimeoutMs
    for (let attempt = 0; ; attempt += 1) {
      try {
        await producer.send({ topic, messages, acks: -1, compression })
        return
      } catch (cause) {
        const error = toMessagingError(cause, `sending to ${topic}`)
        const again = error.retriable || (error.code === 'unknown-topic' && attempt < unknownTopicTries)
        const pauseMs = backoffMs(attempt, 50, 1_000)
        if (!again || state === 'closed' || Date.now() + pauseMs > deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  /** Takes the next request's worth, never splitting order: always from the head. */
  function take(lane: Lane): Queued[] {
    let bytes = 0
    let count = 0
    for (const { bytes: size } of lane.queue) {
      if (count > 0 && (count >= mostMessages || bytes + size > mostBytes)) break
      bytes += size
      count += 1
    }
    return lane.queue.splice(0, count)
  }

  function settle(batch: readonly Queued[]): void {
    for (const { job } of batch) if ((job.left -= 1) === 0 && !job.failed) job.resolve()
  }
  function fail(lane: Lane, jobs: ReadonlySet<Job>, error: MessagingError): void {
    for (const job of jobs) {
      job.failed = true
      job.reject(error)
    }
    lane.queue = lane.queue.filter(({ job }) => !job.failed)
  }

  async function flush(topic: string, lane: Lane, batch: Queued[]): Promise<void> {
    try {
      await deliver(
        topic,
        batch.map(({ message }) => message),
      )
      settle(batch)
    } catch (cause) {
      const error = toMessagingError(cause, `sending to ${topic}`)
      const jobs = new Set(batch.map(({ job }) => job))
      if (error.retriable) {
        // What waits behind came later and must not overtake what its sender may send again.
        for (const { job } of lane.queue) jobs.add(job)
        fail(lane, jobs, error)
      } else if (jobs.size === 1) {
        fail(lane, jobs, error)
      } else {
        // One send's fault is not the others': each again by itself.
        for (const job of jobs)
          if (!job.failed)
            await flush(
              topic,
              lane,
              batch.filter((queued) => queued.job === job),
            )
      }
    }
  }

  async function pump(topic: string, lane: Lane): Promise<void> {
    await Promise.resolve() // everything sent in this turn of the loop goes together
    while (lane.queue.length > 0) await flush(topic, lane, take(lane))
    lane.busy = false
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
      await Promise.all(pumps)
      state = 'closed'
      await producer.disconnect()
    },
    send(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
      if (state !== 'open')
        return Promise.reject(
          new MessagingError('stopped', `sending to ${topic}: messaging is not started or is stopping`),
        )
      if (messages.length === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const lane = lanes.get(topic) ?? { queue: [], busy: false }
        lanes.set(topic, lane)
        const job: Job = { left: messages.length, resolve, reject, failed: false }
        for (const message of messages) lane.queue.push({ ...encode(message), job })
        if (lane.busy) return
        lane.busy = true
        const running = pump(topic, lane).finally(() => pumps.delete(running))
        pumps.add(running)
      })
    },
  }
}

const toBuffer = (bytes: string | Uint8Array): Buffer =>
  typeof bytes === 'string'
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function encode({ key, headers, value, partition }: OutgoingMessage): { message: Message; bytes: number } {
  const encodedHeaders: Record<string, Buffer> = {}
  const encodedKey = Buffer.from(key)
  const encodedValue = value === null ? null : toBuffer(value)
  let bytes = 64 + encodedKey.length + (encodedValue?.length ?? 0)
  for (const [name, header] of Object.entries(headers)) {
    const encoded = toBuffer(header)
    encodedHeaders[name] = encoded
    bytes += name.length + encoded.length + 8
  }
  const message: Message = { key: encodedKey, value: encodedValue, headers: encodedHeaders }
  return { message: partition === undefined ? message : { ...message, partition }, bytes }
}
