import type { Batch, KafkaMessage } from 'kafkajs'
import type { IncomingBatch, IncomingMessage } from '../messaging.js'

/** kafkajs's batch as the port's. Buffers are handed on as they are, not copied, and read when they are asked for. */
export function toIncomingBatch(
  batch: Batch,
  rest: Pick<IncomingBatch, 'highWatermark' | 'heartbeat' | 'running'>,
): IncomingBatch {
  const { topic, partition } = batch
  const messages = batch.messages.map((message) => new RecordOf(topic, partition, message))
  // Past control records too, which kafkajs has taken out of `messages`.
  const nextOffset = String(BigInt(batch.lastOffset()) + 1n)
  return { topic, partition, messages, nextOffset, ...rest }
}

class RecordOf implements IncomingMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  private readonly record: KafkaMessage

  constructor(topic: string, partition: number, record: KafkaMessage) {
    this.topic = topic
    this.partition = partition
    this.offset = record.offset
    this.record = record
  }
  get key() {
    return this.record.key
  }
  get headers() {
    return this.record.headers ?? {}
  }
  get value() {
    return this.record.value
  }
  get timestamp() {
    return this.record.timestamp
  }
}
