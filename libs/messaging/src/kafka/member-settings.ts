import type { ConsumerConfig } from 'kafkajs'
import type { ConsumerOptions } from '../messaging.js'

const mebibyte = 1_048_576
export const defaultSessionTimeoutMs = 30_000

/** Patient: a member that gives up comes back as a stranger, and its partitions start again from what is committed. */
export const memberRetry = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 24 }

/** Small fetches that are answered at once: latency first. A larger backlog comes in more of them. */
export function memberSettings(options: ConsumerOptions): ConsumerConfig {
  const sessionTimeout = options.sessionTimeoutMs ?? defaultSessionTimeoutMs
  return {
    groupId: options.group,
    sessionTimeout,
    // A member that died takes this long to be given up when another joins, and after a broker's crash that other is
    // ourselves: kafkajs comes back under a new id. Whoever is granted a long session may stand still for long here, too.
    rebalanceTimeout: Math.min(sessionTimeout, Math.max(10_000, Math.ceil(sessionTimeout / 3))),
    minBytes: options.minBytes ?? 1,
    // How long a fetch waits where there is nothing: news ends the wait at once, and commits have a connection of their own.
    maxWaitTimeInMs: options.maxWaitMs ?? 250,
    maxBytesPerPartition: mebibyte,
    maxBytes: 8 * mebibyte,
    allowAutoTopicCreation: false,
  }
}
