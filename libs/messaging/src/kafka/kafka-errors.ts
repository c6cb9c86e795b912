import { messageOf } from '../backoff.js'
import { MessagingError } from '../messaging-error.js'

/** The error and everything it was caused by, outermost first; kafkajs wraps the telling one up to three times deep. */
function* causes(
  error: unknown,
): Generator<{ name?: string; type?: string; retriable?: boolean; message?: string }> {
  for (let depth = 0; typeof error === 'object' && error !== null && depth < 8; depth += 1) {
    yield error
    error = (error as { cause?: unknown }).cause
  }
}

const some = (error: unknown, matches: (cause: { name?: string; type?: string }) => boolean): boolean =>
  [...causes(error)].some(matches)

const membershipTypes = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
])
/** The group has moved on: what was asked concerns a membership that is over. */
export const isMembershipError = (error: unknown): boolean =>
  some(
    error,
    ({ type = '', name = '' }) => membershipTypes.has(type) || name === 'KafkaJSStaleTopicMetadataAssignment',
  ) || messageOf(error).startsWith('Consumer group was not initialized')

const tooLargeTypes = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const unknownTopicTypes = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION'])
const outageNames = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSLockTimeout',
  'KafkaJSTimeout',
])

/** What kafkajs threw, in the port's words. */
export function toMessagingError(error: unknown, doing: string): MessagingError {
  if (error instanceof MessagingError) return error
  const say = (code: MessagingError['code'], what: string) =>
    new MessagingError(code, `${doing}: ${what}`, { cause: error })
  const message = messageOf(error)
  if (some(error, ({ type = '' }) => tooLargeTypes.has(type)))
    return say('too-large', `too large for the topic (${message})`)
  if (some(error, ({ type = '' }) => unknownTopicTypes.has(type)))
    return say('unknown-topic', `no such topic (${message})`)
  const outage = [...causes(error)].some(
    ({ name = '', retriable }) => outageNames.has(name) || retriable === true,
  )
  return outage ? say('unavailable', `Kafka is not available (${message})`) : say('internal', message)
}
