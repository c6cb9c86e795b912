/** The store could not do as asked. `retriable`: the same call may succeed later (connection lost, server restarting). */
export class EventStoreError extends Error {
  override readonly name = 'EventStoreError'
  readonly code: 'unavailable' | 'duplicate-id' | 'invalid' | 'internal'
  readonly retriable: boolean
  constructor(code: EventStoreError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.retriable = code === 'unavailable'
  }
}
