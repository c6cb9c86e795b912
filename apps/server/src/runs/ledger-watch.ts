import { EventsHandler, type IEventHandler } from '@nestjs/cqrs'
import { Injectable } from '@nestjs/common'
import { LedgerAppended } from '../mixture/ledger-appended.event.js'

/** Wakes whoever waits for news of a run. News from other processes don't pass here, so waiters also look for themselves. */
@Injectable()
export class LedgerWatch {
  private readonly waiters = new Map<string, Set<() => void>>()

  tell(run: string): void {
    for (const wake of this.waiters.get(run) ?? []) wake()
  }

  /**
   * Looks until it finds something or the time is up: at every piece of news of the run, and every half second for what
   * another process wrote.
   */
  async until<T>(
    run: string,
    look: () => Promise<T | undefined>,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      let wake: () => void = () => undefined
      const news = new Promise<void>((resolve) => (wake = resolve))
      const waiters = this.waiters.get(run) ?? new Set()
      this.waiters.set(run, waiters.add(wake))
      const timer = setTimeout(wake, Math.max(0, Math.min(500, deadline - Date.now())))
      signal?.addEventListener('abort', wake, { once: true })
      try {
        // The waiter stands before the look, so that nothing can happen unseen in between.
        const found = await look()
        if (found !== undefined || Date.now() >= deadline || signal?.aborted === true) return found
        await news
      } finally {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        waiters.delete(wake)
        if (waiters.size === 0) this.waiters.delete(run)
      }
    }
  }
}

@EventsHandler(LedgerAppended)
export class LedgerWatchHandler implements IEventHandler<LedgerAppended> {
  constructor(private readonly watch: LedgerWatch) {}
  handle({ run }: LedgerAppended): void {
    this.watch.tell(run)
  }
}
