export type * from './messaging.js'
export { MessagingError } from './messaging-error.js'
