import { Injectable } from '@nestjs/common'

/** Tells the relay of this process that there is something to send. A lost ring costs one sweep's time, nothing else. */
@Injectable()
export class Wake {
  private waiting: (() => void) | undefined
  private rung = false

  ring(): void {
    this.rung = true
    this.waiting?.()
  }

  /** Resolves at the next ring (at once when one came since the last wait), or after the time is up. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
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
    this.rung = false
  }
}
