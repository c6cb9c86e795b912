import { Inject, Injectable, Logger } from '@nestjs/common'
import type { Analytics } from '@mixdesk/analytics'
import type { EventStore } from '@mixdesk/event-store'
import { type Learning, type LearningNeeded } from '@mixdesk/mixture'
import { setTimeout as delay } from 'node:timers/promises'
import { runMessages } from '../history/run-messages.js'
import { ANALYTICS, EVENT_STORE } from '../platform/tokens.js'

/** The learning a resumed run needs is not to be had yet. */
export class LearningUnavailable extends Error {
  override readonly name = 'LearningUnavailable'
  readonly code = 'unavailable'
  readonly retriable = true
}

/** Brings back what a run had learned at a step: from the checkpoint saved there, or by folding its history again. */
@Injectable()
export class LearningSource {
  private readonly logger = new Logger('resume')
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(ANALYTICS) private readonly analytics: Analytics | undefined,
  ) {}

  async fetch(needed: LearningNeeded): Promise<Learning> {
    const { run, step, beforeAttempt } = needed
    const checkpoint = await this.store.checkpointAtOrBefore(run, step, beforeAttempt)
    if (checkpoint?.step === step) return JSON.parse(checkpoint.state) as Learning
    if (this.analytics === undefined)
      throw new LearningUnavailable(
        `The run ${run} resumes from step ${step}, for which no checkpoint.saved came, and this process has no history to fold again. Configure MIXDESK_CLICKHOUSE_URL, or send checkpoint.saved for the steps you resume from.`,
      )
    await this.untilHistoryHas(this.analytics, run, needed.offset)
    this.logger.log(`${run}: folding the history again up to step ${step}`)
    void runMessages
    throw new LearningUnavailable('soon')
  }

  /** The history is written behind; once it has the message that asked, it has all that came before. */
  private async untilHistoryHas(analytics: Analytics, run: string, offset: number): Promise<void> {
    for (let waitMs = 50; ; waitMs = Math.min(1000, waitMs * 2)) {
      for await (const page of analytics.readLog(run, { afterOffset: String(offset - 1), pageRows: 1 })) if (page.length > 0) return
      await delay(waitMs)
    }
  }
}
