import { partitionOfKey } from '../murmur2.js'
import type { Messaging } from '../messaging.js'
import type { MemoryBroker } from './memory-broker.js'

type Options = Parameters<Messaging['reader']>[0]

export function createMemoryReader(broker: MemoryBroker, options: Options): ReturnType<Messaging['reader']> {
  const keys = options.keys && new Set(options.keys)
  const next = new Map<number, number>()
  let scheduled = false
  let stopped = false
  let stopListening: () => void = () => undefined

  function drain(): void {
    scheduled = false
    for (const [partition, from] of next) {
      const log = broker.topic(options.topic).partitions[partition] ?? []
      next.set(partition, log.length)
      for (const message of log.slice(from)) {
        if (stopped) return
        if (keys && !keys.has(String(message.key))) continue
        try {
          options.onMessage(message)
        } catch {
          // A listener's fault is not the reader's; the Kafka adapter logs it.
        }
      }
    }
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    setImmediate(drain)
  }

  return {
    start() {
      const { partitions } = broker.topic(options.topic)
      const wanted = options.keys?.map((key) => partitionOfKey(key, partitions.length))
      for (const [partition, log] of partitions.entries())
        if (!wanted || wanted.includes(partition))
          next.set(partition, options.from === 'end' ? log.length : 0)
      stopListening = broker.onAppend(schedule)
      schedule()
      return Promise.resolve()
    },
    stop() {
      stopped = true
      stopListening()
      return Promise.resolve()
    },
  }
}
