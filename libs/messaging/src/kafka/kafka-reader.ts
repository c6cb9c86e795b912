import { randomUUID } from 'node:crypto'
import kafkajs, { type Admin, type Kafka, type PartitionAssigner } from 'kafkajs'
import { keyOf } from '../assignment.js'
import { messageOf } from '../backoff.js'
import type { Messaging } from '../messaging.js'
import { createKafkaConsumer } from './kafka-consumer.js'
import type { Log } from './kafka-logger.js'

type ReaderOptions = Parameters<Messaging['reader']>[0]
type Dependencies = {
  readonly kafka: Kafka
  readonly log: Log
  readonly admin: Admin
  readonly clientId: string
  readonly partitionsOf: (keys: readonly string[]) => Promise<readonly number[]>
}

/**
 * kafkajs reads only as a member of a group, so a reader is the one member of a group of its own, which never commits
 * and is deleted at the end. Its assigner hands it only the partitions it wants, so nothing else is fetched.
 */
export function createKafkaReader(
  options: ReaderOptions,
  dependencies: Dependencies,
): ReturnType<Messaging['reader']> {
  const { kafka, log, admin } = dependencies
  const group = `${dependencies.clientId}-reader-${randomUUID()}`
  const keys = options.keys && new Set(options.keys)
  // Never committed, so after every join again from here: a reader that lost its connection misses nothing.
  const positions = new Map<string, string>()

  const consumer = createKafkaConsumer(
    {
      group,
      topics: [options.topic],
      from: options.from,
      // The shortest that brokers allow: after an outage the group waits that long for its one member of before.
      sessionTimeoutMs: 6_000,
      onBatch: (batch) => {
        for (const message of batch.messages) {
          if (keys && !keys.has(String(message.key))) continue
          try {
            options.onMessage(message)
          } catch (error) {
            log('error', `reader of ${options.topic} threw: ${messageOf(error)}`, {
              topic: options.topic,
              offset: message.offset,
            })
          }
        }
        positions.set(keyOf(batch.topic, batch.partition), batch.nextOffset)
        return Promise.resolve()
      },
    },
    {
      kafka,
      log,
      partitionAssigner: onlyMember(options.topic, async () =>
        options.keys ? await dependencies.partitionsOf(options.keys) : undefined,
      ),
      startAt: async () => {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(options.topic))
          positions.set(keyOf(options.topic, partition), options.from === 'end' ? high : low)
        return positions
      },
    },
  )
  return {
    start: () => consumer.start(),
    async stop() {
      await consumer.stop()
      // Where the broker is away, the empty group expires by itself.
      await admin.deleteGroups([group]).catch(() => undefined)
    },
  }
}

const onlyMember =
  (topic: string, wanted: () => Promise<readonly number[] | undefined>): PartitionAssigner =>
  ({ cluster }) => {
    const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol
    const name = 'mixdesk-reader'
    const userData = Buffer.alloc(0)
    return {
      name,
      version: 0,
      protocol: ({ topics }) => ({ name, metadata: MemberMetadata.encode({ version: 0, topics, userData }) }),
      async assign({ members }) {
        const all = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
        const partitions = [...((await wanted()) ?? all)]
        return members.map(({ memberId }, index) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: 0,
            assignment: index === 0 ? { [topic]: partitions } : {},
            userData,
          }),
        }))
      },
    }
  }
