export type * from './event-store.js'
export { EventStoreError } from './event-store-error.js'
