import type { StoredOutboxMessage } from '@mixdesk/event-store'
import { Injectable } from '@nestjs/common'

/** Messages handed over and not yet taken; beyond, the relay reads them from the outbox like those of other processes. */
const mostHandedOver = 1000

/** What has come since the last look at the bell. */
export type Rung = {
  /** Committed messages, in the order of their commits. */
  readonly handedOver: readonly StoredOutboxMessage[]
  /** There is more in the outbox than was handed over. */
  readonly more: boolean
}

/**
 * Tells the relay of this process that there is something to send, and hands over what has just been committed, which
 * saves reading it back. A lost ring costs one sweep's time, nothing else.
 */
@Injectable()
export class Wake {
  private waiting: (() => void) | undefined
  private handedOver: StoredOutboxMessage[] = []
  private more = false
  private listening = false

  /** Whether a relay is there to take messages; nothing is kept for one that isn't. */
  listen(listening: boolean): void {
    this.listening = listening
    this.handedOver = []
  }

  ring(committed?: readonly StoredOutboxMessage[]): void {
    if (committed === undefined || this.handedOver.length >= mostHandedOver) this.more = true
    else if (this.listening) this.handedOver.push(...committed)
    this.waiting?.()
  }

  take(): Rung {
    const { handedOver, more } = this
    this.handedOver = []
    this.more = false
    return { handedOver, more }
  }

  /** Resolves once there is something to take, at once where there is already, or after the time is up. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.more || this.handedOver.length > 0 || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.waiting = undefined
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done, { once: true })
      this.waiting = done
    })
  }
}
