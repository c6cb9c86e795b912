import type { Batch } from 'kafkajs'
import type { IncomingBatch, IncomingMessage } from '../messaging.js'

/** kafkajs's batch as the port's. Buffers are handed on as they are, not copied. */
export function toIncomingBatch(
  batch: Batch,
  rest: Pick<IncomingBatch, 'highWatermark' | 'heartbeat' | 'running'>,
): IncomingBatch {
  const { topic, partition } = batch
  const messages = batch.messages.map(({ offset, key, headers, value, timestamp }): IncomingMessage => ({
    topic,
    partition,
    offset,
    key,
    headers: headers ?? {},
    value,
    timestamp,
  }))
  // Past control records too, which kafkajs has taken out of `messages`.
  const nextOffset = String(BigInt(batch.lastOffset()) + 1n)
  return { topic, partition, messages, nextOffset, ...rest }
}
