/** Kafka could not do as asked. `retriable`: an outage, not a fault of the message. */
export class MessagingError extends Error {
  override readonly name = 'MessagingError'
  readonly code: 'unavailable' | 'too-large' | 'unknown-topic' | 'stopped' | 'internal'
  readonly retriable: boolean
  constructor(code: MessagingError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.retriable = code === 'unavailable'
  }
}
