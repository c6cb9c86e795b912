export type * from './messaging.js'
export { MessagingError } from './messaging-error.js'
export { createKafkaMessaging, type KafkaMessagingOptions } from './kafka/kafka-messaging.js'
