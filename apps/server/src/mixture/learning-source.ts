import { Inject, Injectable, Logger } from '@nestjs/common'
import type { Analytics } from '@mixdesk/analytics'
import { streamOf } from '@mixdesk/contracts'
import type { EventStore } from '@mixdesk/event-store'
import { createRefold, type Learning, type LearningNeeded } from '@mixdesk/mixture'
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
    const { run, step, beforeAttempt, sinceAttempt } = needed
    const checkpoint = await this.store.checkpointAtOrBefore(run, step, beforeAttempt)
    if (checkpoint?.step === step && checkpoint.attempt >= sinceAttempt)
      return JSON.parse(checkpoint.state) as Learning
    if (this.analytics === undefined)
      throw new LearningUnavailable(
        `The run ${run} resumes from step ${step}, for which no checkpoint.saved came, and this process has no history to fold again. Configure MIXDESK_CLICKHOUSE_URL, or send checkpoint.saved for the steps you resume from.`,
      )
    this.logger.log(`${run}: folding the history again up to step ${step}`)
    const earlier = await this.store.readStream(streamOf(run), { types: ['RunStarted', 'RunResumed'] })
    const resumes = earlier.flatMap((fact) => (fact.type === 'RunResumed' ? [fact.data.fromStep] : []))
    const rules =
      earlier.flatMap((fact) => (fact.type === 'RunStarted' ? [fact.data.rules ?? 1] : []))[0] ?? 1
    const refold = createRefold(run, [...resumes, step], { rules })
    for await (const messages of runMessages(this.analytics, run)) {
      for (const message of messages) {
        // The history is written behind, in log order: once it has the message that asks, it has all that came before.
        if (message.name === 'run.resumed' && message.data.attempt >= beforeAttempt)
          return found(refold.learningAt(step), run, step)
        refold.take(message)
      }
    }
    throw new LearningUnavailable(
      `The history of the run ${run} has not caught up with the start of attempt ${beforeAttempt}.`,
    )
  }
}

function found(learning: Learning | undefined, run: string, step: number): Learning {
  if (learning === undefined)
    throw new LearningUnavailable(`The history of the run ${run} holds no losses up to step ${step}.`)
  return learning
}
