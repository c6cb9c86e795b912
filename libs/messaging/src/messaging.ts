/** A message to send. */
export type OutgoingMessage = {
  readonly key: string
  readonly headers: { readonly [name: string]: string | Uint8Array }
  /** null is a tombstone: it deletes the key from a compacted topic. */
  readonly value: string | Uint8Array | null
  /** Only where the key must not decide, as in tests. */
  readonly partition?: number
}

/** A message as it came. */
export type IncomingMessage = {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly key: Uint8Array | null
  readonly headers: {
    readonly [name: string]: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  }
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch, as the broker holds it. */
  readonly timestamp: string
}

/** Messages of one partition, in order, without gaps except those of the log itself. */
export type IncomingBatch = {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly IncomingMessage[]
  /** End of the partition when the batch was fetched: what lag is measured against. */
  readonly highWatermark: string
  /** First offset after the batch (counting control records that carry no message). */
  readonly nextOffset: string
  /** Keeps the membership while a batch takes long; call it between chunks. Throws when the partition has been taken away. */
  readonly heartbeat: () => Promise<void>
  /** False once the partition is being taken away or the consumer stops: end early, what was not done comes again. */
  readonly running: () => boolean
}

export type ConsumerOptions = {
  readonly group: string
  readonly topics: readonly string[]
  /** Where a group without committed offsets begins. */
  readonly from: 'beginning' | 'end'
  /** Partitions handled at the same time; within one, batches come one after another. */
  readonly concurrency?: number
  readonly sessionTimeoutMs?: number
  /** How long a fetch may wait for `minBytes`; a later one finds what came meanwhile. Default 250. */
  readonly maxWaitMs?: number
  /** How much must have come before a fetch is answered early. Default 1: at once. More costs time and spares requests. */
  readonly minBytes?: number
  /**
   * Handles a batch. Nothing is committed by itself: the handler (or whoever it hands the work to) calls `commit`
   * once the work is durable. A throw marked `retriable: true` brings the batch again after a backoff; any other throw
   * pauses the partition, turns `health()` red and leaves the offset where it was.
   */
  readonly onBatch: (batch: IncomingBatch) => Promise<void>
  /**
   * Called when a rebalance has changed what is ours, with all partitions, new and kept, before the next batch. Kept
   * ones go on where they were; new ones start at their committed offset. A throw marked `retriable` is tried again.
   */
  readonly onAssigned?: (assignment: { readonly [topic: string]: readonly number[] }) => Promise<void> | void
  /**
   * Called when partitions were taken away. By `stop()` it is called while they are still ours, so what is made durable
   * then can be committed; after a rebalance or a lost connection it is too late for that.
   */
  readonly onRevoked?: (revoked: { readonly [topic: string]: readonly number[] }) => Promise<void> | void
}

export type ConsumerHealth = {
  readonly state: 'running' | 'rebalancing' | 'paused' | 'stopped' | 'failed'
  readonly because?: string
  readonly assignment: { readonly [topic: string]: readonly number[] }
}

export type MessageConsumer = {
  start(): Promise<void>
  /** Stops fetching, waits for the batches in flight, leaves the group. */
  stop(): Promise<void>
  /** Commits the first offset that shall come again after a restart. Ignored (returns false) when the partition is no longer ours. */
  commit(topic: string, partition: number, nextOffset: string): Promise<boolean>
  /** Reads the partition again from this offset (where it is ours); ends a pause. */
  seek(topic: string, partition: number, offset: string): void
  health(): ConsumerHealth
}

export type TopicSpec = {
  readonly topic: string
  readonly partitions: number
  readonly replicationFactor?: number
  readonly compacted: boolean
  readonly settings?: { readonly [key: string]: string }
}
export type PartitionOffsets = { readonly partition: number; readonly low: string; readonly high: string }

/** Kafka, as far as Mixdesk needs it. */
export type Messaging = {
  start(): Promise<void>
  stop(): Promise<void>
  /** Fails when no broker answers. */
  ping(): Promise<void>
  /** Creates what is missing; tells how an existing topic differs from what was asked (fewer partitions, not compacted). */
  ensureTopics(
    specs: readonly TopicSpec[],
  ): Promise<{ readonly created: readonly string[]; readonly differences: readonly string[] }>
  /** Resolves when all in-sync replicas have the messages; their order in a partition is the order given. */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>
  consumer(options: ConsumerOptions): MessageConsumer
  /** A reader without a lasting group: every message (or those with the keys), from the beginning or the end, until stopped. */
  reader(options: {
    readonly topic: string
    readonly keys?: readonly string[]
    readonly from: 'beginning' | 'end'
    readonly onMessage: (message: IncomingMessage) => void
  }): { start(): Promise<void>; stop(): Promise<void> }
  /** Partition a key goes to: Kafka's murmur2, as every Kafka client with default settings computes it. */
  partitionOf(topic: string, key: string): Promise<number>
  offsets(topic: string): Promise<readonly PartitionOffsets[]>
  /** Committed offset per partition, −1 where none. */
  committed(
    group: string,
    topic: string,
  ): Promise<readonly { readonly partition: number; readonly offset: string }[]>
}
