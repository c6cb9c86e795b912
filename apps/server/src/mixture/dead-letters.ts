import { Inject, Injectable, Logger } from '@nestjs/common'
import { topics } from '@mixdesk/contracts'
import type { IncomingMessage, Messaging } from '@mixdesk/messaging'
import { METRICS, type Metrics } from '../platform/metrics.js'
import { untilItSucceeds } from '../platform/retry.js'
import { MESSAGING } from '../platform/tokens.js'

/** Where a message failed: on being opened and parsed, on being taken in, or on being folded. */
export type FailedAt = 'parse' | 'intake' | 'fold'

/** Sends what cannot be taken into account where people can look at it: the original bytes, where they came from, and why. */
@Injectable()
export class DeadLetters {
  private readonly logger = new Logger('dead-letters')
  constructor(
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** Resolves when Kafka has it; an outage is waited out, because the offset must not pass a letter that is not written. */
  async send(message: IncomingMessage, at: FailedAt, because: string): Promise<void> {
    const { topic, partition, offset } = message
    const original = Object.entries(message.headers).flatMap(([name, value]) => {
      const first = Array.isArray(value)
        ? (value as readonly (string | Uint8Array)[])[0]
        : (value as string | Uint8Array | undefined)
      return first === undefined ? [] : [[name, first] as const]
    })
    const headers = {
      ...Object.fromEntries(original),
      'mixdesk-topic': topic,
      'mixdesk-partition': String(partition),
      'mixdesk-offset': offset,
      'mixdesk-failed-at': at,
      'mixdesk-because': because,
    }
    const key = message.key === null ? '' : Buffer.from(message.key).toString('utf8')
    await untilItSucceeds(() =>
      this.messaging.send(topics.deadLetters, [{ key, headers, value: message.value ?? '' }]),
    )
    this.metrics.deadLetters.inc()
    this.logger.warn(`${topic}[${partition}]@${offset}: ${because}`)
  }
}
