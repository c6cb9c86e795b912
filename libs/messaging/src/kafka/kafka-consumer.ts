import type { Consumer, EachBatchPayload, Kafka, PartitionAssigner } from 'kafkajs'
import { keyOf } from '../assignment.js'
import { backoffMs, isRetriable, messageOf } from '../backoff.js'
import type { ConsumerHealth, ConsumerOptions, MessageConsumer } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'
import { within } from '../within.js'
import { announcer } from './announcer.js'
import { toIncomingBatch } from './incoming-batch.js'
import { isMembershipError, toMessagingError } from './kafka-errors.js'
import type { Log } from './kafka-logger.js'
import { defaultSessionTimeoutMs, memberRetry, memberSettings } from './member-settings.js'
import { type OwnedPartition, OwnedPartitions } from './owned-partitions.js'

const stopWithinMs = 10_000

export type KafkaConsumerDependencies = {
  readonly kafka: Kafka
  readonly log: Log
  readonly partitionAssigner?: PartitionAssigner
  /** Where partitions (`topic/partition`) start that have no committed offset; asked once, before joining. */
  readonly startAt?: () => Promise<Map<string, string>>
}

/**
 * kafkajs's consumer behind the port. What is ours here: who owns which partition since when, where each one stands,
 * and what a handler's failure means. kafkajs never sees a handler's error, for it would restart the whole member over it.
 */
export function createKafkaConsumer(
  options: ConsumerOptions,
  dependencies: KafkaConsumerDependencies,
): MessageConsumer {
  const { kafka, log, partitionAssigner } = dependencies
  // However long the session: a member learns from its heartbeats that the group moves.
  const heartbeatMs = Math.min(3_000, Math.ceil((options.sessionTimeoutMs ?? defaultSessionTimeoutMs) / 10))
  const owned = new OwnedPartitions()
  const announce = announcer(options, log)
  const inFlight = new Set<Promise<void>>()
  let startAt = new Map<string, string>()
  let state: 'new' | 'joining' | 'joined' | 'failed' | 'stopping' | 'stopped' = 'new'
  let because: string | undefined

  const consumer: Consumer = kafka.consumer({
    ...memberSettings(options),
    heartbeatInterval: heartbeatMs,
    ...(partitionAssigner ? { partitionAssigners: [partitionAssigner] } : {}),
    retry: { ...memberRetry, restartOnFailure: () => Promise.resolve(!isEnding()) },
  })
  const isEnding = () => state === 'stopping' || state === 'stopped'

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    // kafkajs cannot stop a member that is just joining: it would live on. A throw from here ends that.
    if (isEnding())
      throw new MessagingError('stopped', `${options.group}: the consumer was stopped while it joined`)
    const { gone, changed } = owned.take(payload.memberId, payload.memberAssignment)
    // Someone else's now: when it comes back, what they committed counts.
    for (const { topic, partition } of gone)
      if (!owned.get(topic, partition)) startAt.delete(keyOf(topic, partition))
    state = 'joined'
    because = undefined
    for (const partition of owned.all()) placeAfterJoin(partition)
    // kafkajs also joins again to read a topic's metadata anew; that is nothing to tell.
    if (!changed) return
    void announce(gone, owned.assignment(), (reason) => {
      for (const partition of owned.all()) pauseForGood(partition, reason)
    })
  })
  consumer.on(consumer.events.REBALANCING, () => {
    if (state === 'joined') state = 'joining'
  })
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    if (isEnding()) return
    state = restart ? 'joining' : 'failed'
    because = messageOf(error)
    // The membership is over, and with it all that hung on it; after a restart everything is assigned anew.
    void announce(owned.clear(), undefined)
    if (!restart)
      log('error', `consumer of ${options.group} has failed for good`, {
        groupId: options.group,
        error: because,
      })
  })

  /** kafkajs begins every generation at the committed offsets; what stayed ours goes on where it was. */
  function placeAfterJoin(partition: OwnedPartition): void {
    const { topic, partition: number } = partition
    partition.position ??= startAt.get(keyOf(topic, number))
    if (partition.position !== undefined)
      consumer.seek({ topic, partition: number, offset: partition.position })
    const idle = partition.pausedBecause !== undefined || partition.retryTimer !== undefined
    consumer[idle ? 'pause' : 'resume']([{ topic, partitions: [number] }])
  }

  function pauseForGood(partition: OwnedPartition, reason: string): void {
    if (!owned.has(partition) || isEnding()) return
    partition.pausedBecause = reason
    consumer.pause([{ topic: partition.topic, partitions: [partition.partition] }])
    log('error', `paused ${keyOf(partition.topic, partition.partition)}: ${reason}`, {
      groupId: options.group,
    })
  }

  /** The batch is left unresolved and fetched again later; so others need not wait for it, and heartbeats go on. */
  function retryLater(partition: OwnedPartition, error: unknown): void {
    const topicPartition = [{ topic: partition.topic, partitions: [partition.partition] }]
    const pauseMs = backoffMs(partition.failures)
    partition.failures += 1
    consumer.pause(topicPartition)
    partition.retryTimer = setTimeout(() => {
      partition.retryTimer = undefined
      if (owned.has(partition) && !isEnding()) consumer.resume(topicPartition)
    }, pauseMs)
    const extra = { groupId: options.group, failures: partition.failures, retryTime: Math.round(pauseMs) }
    log(
      'warn',
      `batch of ${keyOf(partition.topic, partition.partition)} comes again: ${messageOf(error)}`,
      extra,
    )
  }

  async function handle(payload: EachBatchPayload): Promise<void> {
    const { topic, partition: number, highWatermark } = payload.batch
    const partition = owned.get(topic, number)
    let lost: Error | undefined
    const running = () =>
      lost === undefined &&
      state === 'joined' &&
      payload.isRunning() &&
      !payload.isStale() &&
      partition !== undefined &&
      owned.has(partition)
    const heartbeat = async () => {
      try {
        await payload.heartbeat()
      } catch (error) {
        lost = error instanceof Error ? error : new Error(messageOf(error))
        if (state === 'joined' && isMembershipError(error)) state = 'joining'
        throw error
      }
      if (!partition || !owned.has(partition))
        throw new MessagingError('stopped', `${keyOf(topic, number)} is no longer ours`)
    }
    if (!partition || !running()) return
    await announce.settled(heartbeatMs, heartbeat)
    if (!running() || partition.pausedBecause !== undefined) return
    const batch = toIncomingBatch(payload.batch, { highWatermark, heartbeat, running })
    try {
      await options.onBatch(batch)
    } catch (error) {
      // Kafka's news, not the handler's fault, however the handler dressed it: kafkajs needs it to join again.
      if (lost !== undefined) throw lost
      if (!running()) return
      if (isRetriable(error)) retryLater(partition, error)
      else pauseForGood(partition, messageOf(error))
      return
    }
    if (lost !== undefined) throw lost
    if (!running()) return // it may have ended early: come again
    partition.position = batch.nextOffset
    partition.failures = 0
    payload.resolveOffset(payload.batch.lastOffset())
  }

  return {
    async start() {
      if (state !== 'new') throw new MessagingError('stopped', `${options.group}: a consumer starts once`)
      state = 'joining'
      try {
        await consumer.connect()
        startAt = (await dependencies.startAt?.()) ?? startAt
        await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.from === 'beginning' })
      } catch (error) {
        state = 'new'
        throw toMessagingError(error, `joining ${options.group}`)
      }
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: options.concurrency ?? 16,
        eachBatch: (payload) => {
          const handled = handle(payload).finally(() => inFlight.delete(handled))
          inFlight.add(handled)
          return handled
        },
      })
    },
    async stop() {
      if (isEnding()) return
      state = 'stopping'
      await Promise.allSettled(inFlight)
      // Still a member: what the owner makes durable now can be committed before someone else takes over.
      await announce(owned.all(), undefined)
      owned.clear()
      // With no broker to say goodbye to, kafkajs tries for long; the group forgets us after the session timeout.
      await within(stopWithinMs, consumer.disconnect())
      state = 'stopped'
    },
    async commit(topic, number, nextOffset) {
      const partition = owned.get(topic, number)
      if (!partition || state === 'failed' || state === 'stopped') return false
      try {
        await consumer.commitOffsets([{ topic, partition: number, offset: nextOffset }])
        startAt.delete(keyOf(topic, number))
        return owned.has(partition)
      } catch (error) {
        if (isMembershipError(error) || !owned.has(partition)) return false
        throw toMessagingError(error, `committing ${keyOf(topic, number)} of ${options.group}`)
      }
    },
    seek(topic, number, offset) {
      const partition = owned.get(topic, number)
      if (!partition || isEnding()) return
      clearTimeout(partition.retryTimer)
      Object.assign(partition, {
        position: offset,
        failures: 0,
        pausedBecause: undefined,
        retryTimer: undefined,
      })
      placeAfterJoin(partition)
    },
    health(): ConsumerHealth {
      const assignment = owned.assignment()
      if (state === 'failed') return { state, assignment, because: because ?? 'unknown' }
      if (state === 'joining') return { state: 'rebalancing', assignment, ...(because ? { because } : {}) }
      if (state !== 'joined') return { state: 'stopped', assignment }
      const paused = owned.all().find(({ pausedBecause }) => pausedBecause !== undefined)
      if (!paused) return { state: 'running', assignment }
      const where = keyOf(paused.topic, paused.partition)
      return { state: 'paused', assignment, because: `${where}: ${paused.pausedBecause ?? ''}` }
    },
  }
}
