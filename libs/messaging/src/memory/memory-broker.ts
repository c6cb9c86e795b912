import type { IncomingMessage, OutgoingMessage, TopicSpec } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'
import { partitionOfKey } from '../murmur2.js'
import { MemoryGroup } from './memory-group.js'

const defaultMostBytes = 2 * 1_048_576

export type MemoryTopic = {
  readonly name: string
  readonly compacted: boolean
  readonly mostBytes: number
  /** Every message ever sent, by partition; tombstones stay and nothing is compacted. */
  readonly partitions: readonly IncomingMessage[][]
}

/** What several memory clients share, as they would share a Kafka cluster. It outlives them. */
export class MemoryBroker {
  #topics = new Map<string, MemoryTopic>()
  #groups = new Map<string, MemoryGroup>()
  #listeners = new Set<() => void>()

  create(spec: TopicSpec): boolean {
    if (this.#topics.has(spec.topic)) return false
    this.#topics.set(spec.topic, {
      name: spec.topic,
      compacted: spec.compacted,
      mostBytes: Number(spec.settings?.['max.message.bytes'] ?? defaultMostBytes),
      partitions: Array.from({ length: spec.partitions }, () => []),
    })
    return true
  }

  find(topic: string): MemoryTopic | undefined {
    return this.#topics.get(topic)
  }

  topic(name: string): MemoryTopic {
    const topic = this.#topics.get(name)
    if (!topic) throw new MessagingError('unknown-topic', `no such topic: ${name}`)
    return topic
  }

  group(name: string): MemoryGroup {
    const group = this.#groups.get(name) ?? new MemoryGroup(this)
    this.#groups.set(name, group)
    return group
  }

  /** All of them or, where one cannot be taken, none. */
  append(name: string, messages: readonly OutgoingMessage[]): void {
    const topic = this.topic(name)
    const ready = messages.map((message) => {
      const partition = message.partition ?? partitionOfKey(message.key, topic.partitions.length)
      const log = topic.partitions[partition]
      if (!log) throw new MessagingError('internal', `${name} has no partition ${partition}`)
      const value = message.value === null ? null : Buffer.from(message.value)
      if ((value?.length ?? 0) > topic.mostBytes)
        throw new MessagingError('too-large', `${value?.length ?? 0} bytes are too large for ${name}`)
      const headers = Object.fromEntries(
        Object.entries(message.headers).map(([header, bytes]) => [header, Buffer.from(bytes)]),
      )
      return { log, partition, value, headers, key: Buffer.from(message.key) }
    })
    const timestamp = String(Date.now())
    for (const { log, ...message } of ready)
      log.push({ ...message, topic: name, offset: String(log.length), timestamp })
    for (const listener of this.#listeners) listener()
  }

  /** Calls back after each append, until the function that it returns is called. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
