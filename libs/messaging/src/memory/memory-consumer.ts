import { type Assignment, assignmentOf, keyOf } from '../assignment.js'
import { backoffMs, isRetriable, messageOf } from '../backoff.js'
import type { ConsumerHealth, ConsumerOptions, MessageConsumer } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'
import type { MemoryBroker } from './memory-broker.js'
import type { MemoryMember } from './memory-group.js'
import { MemoryPartition, type Slots } from './memory-partition.js'

export function createMemoryConsumer(broker: MemoryBroker, options: ConsumerOptions): MessageConsumer {
  const group = broker.group(options.group)
  const owned = new Map<string, MemoryPartition>()
  const slots: Slots = { free: options.concurrency ?? 16, released: () => wakeAll() }
  let state: 'new' | 'joined' | 'rebalancing' | 'stopping' | 'stopped' = 'new'
  let lost = false
  let stopListening: () => void = () => undefined
  const wakeAll = () => {
    for (const partition of owned.values()) partition.wake()
  }

  function take(topic: string, number: number): MemoryPartition {
    const log = broker.topic(topic).partitions[number] ?? []
    const begin = options.from === 'beginning' ? 0n : BigInt(log.length)
    const position = group.committedOf(topic, number) ?? begin
    return new MemoryPartition({ topic, partition: number, position }, log, options, slots)
  }
  async function tellAssigned(assignment: Assignment): Promise<string | undefined> {
    for (let attempt = 0; ; attempt += 1)
      try {
        await options.onAssigned?.(assignment)
        return undefined
      } catch (error) {
        if (state === 'stopping') return undefined
        if (!isRetriable(error)) return `onAssigned failed: ${messageOf(error)}`
        await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt)))
      }
  }
  /** A handler that does not end holds up the group for a session at most, as with Kafka. */
  async function ended(partitions: readonly MemoryPartition[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => (timer = setTimeout(resolve, options.sessionTimeoutMs ?? 30_000)))
    await Promise.race([Promise.all(partitions.map((partition) => partition.end())), limit])
    clearTimeout(timer)
  }

  const member: MemoryMember = {
    topics: options.topics,
    async release(assignment) {
      if (state === 'stopping') return
      state = 'rebalancing'
      const gone = [...owned.values()].filter(
        ({ topic, partition }) => !assignment[topic]?.includes(partition),
      )
      for (const { topic, partition } of gone) owned.delete(keyOf(topic, partition))
      lost = gone.length > 0
      await ended(gone)
      if (gone.length > 0)
        await Promise.resolve(options.onRevoked?.(assignmentOf(gone))).catch(() => undefined)
    },
    async adopt(assignment) {
      if (state === 'stopping') return
      const fresh: MemoryPartition[] = []
      for (const [topic, partitions] of Object.entries(assignment))
        for (const number of partitions) {
          if (owned.has(keyOf(topic, number))) continue
          const partition = take(topic, number)
          owned.set(keyOf(topic, number), partition)
          fresh.push(partition)
        }
      const failure = fresh.length > 0 || lost ? await tellAssigned(assignment) : undefined
      lost = false
      for (const partition of fresh) {
        partition.pausedBecause = failure
        partition.start()
      }
      if (state === 'rebalancing') state = 'joined'
    },
  }

  return {
    async start() {
      if (state !== 'new') throw new MessagingError('stopped', `${options.group}: a consumer starts once`)
      for (const topic of options.topics) broker.topic(topic)
      state = 'rebalancing'
      stopListening = broker.onAppend(wakeAll)
      await group.join(member)
    },
    async stop() {
      if (state === 'stopping' || state === 'stopped') return
      const joined = state !== 'new'
      state = 'stopping'
      stopListening()
      await ended([...owned.values()])
      // Still ours: what the owner makes durable now can be committed before someone else takes over.
      if (owned.size > 0)
        await Promise.resolve(options.onRevoked?.(assignmentOf(owned.values()))).catch(() => undefined)
      owned.clear()
      if (joined) await group.leave(member)
      state = 'stopped'
    },
    commit(topic, number, nextOffset) {
      if (!owned.has(keyOf(topic, number))) return Promise.resolve(false)
      group.committed.set(keyOf(topic, number), BigInt(nextOffset))
      return Promise.resolve(true)
    },
    seek(topic, number, offset) {
      owned.get(keyOf(topic, number))?.seek(BigInt(offset))
    },
    health(): ConsumerHealth {
      const assignment = assignmentOf(owned.values())
      if (state === 'rebalancing') return { state, assignment }
      if (state !== 'joined') return { state: 'stopped', assignment }
      const paused = [...owned.values()].find(({ pausedBecause }) => pausedBecause !== undefined)
      if (!paused) return { state: 'running', assignment }
      const because = `${keyOf(paused.topic, paused.partition)}: ${paused.pausedBecause ?? ''}`
      return { state: 'paused', assignment, because }
    },
  }
}
