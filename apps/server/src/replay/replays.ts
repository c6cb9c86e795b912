import { Inject, Injectable } from '@nestjs/common'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type { Analytics } from '@mixdesk/analytics'
import { streamOf, type LedgerData, type LedgerEnvelope } from '@mixdesk/contracts'
import type { EventStore } from '@mixdesk/event-store'
import { createReplay, type ReplayChoice, type ReplayReport } from '@mixdesk/mixture'
import { runMessages } from '../history/run-messages.js'
import { ProblemException } from '../platform/problem.js'
import { ANALYTICS, EVENT_STORE } from '../platform/tokens.js'

export type ReplayProgress = {
  readonly observations: number
  readonly domainLosses: number
  readonly elapsedMs: number
}
export type ReplayLine =
  { readonly progress: ReplayProgress } | { readonly result: ReplayReport & ReplayProgress }

const page = 1000
/** Observations folded before others have their turn. */
const turn = 1024

/** Feeds a recorded run, out of the history, to the assembler and policy that decided it, or to another policy. */
@Injectable()
export class Replays {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(ANALYTICS) private readonly analytics: Analytics | undefined,
  ) {}

  /** Progress about once a page, then the result. Problems are thrown before the first line. */
  async *replay(run: string, choice: ReplayChoice): AsyncGenerator<ReplayLine> {
    const { analytics } = this
    if (analytics === undefined)
      throw new ProblemException(503, 'This process has no history; ask the one with the role history.')
    const row = await this.store.findRun(run)
    const started = await analytics.runStarted(run)
    if (row === undefined || started === undefined)
      throw new ProblemException(
        404,
        `There is no run "${run}" in the history. GET /v1/runs lists those there are.`,
      )
    if (choice.kind === 'same' && row.status === 'refused')
      throw new ProblemException(
        409,
        `The run "${run}" was refused at its start, so it has no decisions to prove. ${row.problems.join(' ')}`,
      )
    const recorded = await this.facts(run, 'MixtureDecided')
    const resumes = (await this.facts(run, 'RunResumed')).map((resumed) => resumed.fromStep)
    const [began] = await this.facts(run, 'RunStarted')
    const { openedBy, rules = 1 } = began ?? {}
    const replay = createReplay(started, choice, recorded, {
      ...{ resumes, rules },
      ...(openedBy === undefined ? {} : { openedBy }),
    })
    if (replay.problems.length > 0)
      throw new ProblemException(422, replay.problems.join(' '), { problems: replay.problems })

    const beganAt = performance.now()
    let observations = 0
    let domainLosses = 0
    const progress = (): ReplayProgress => ({
      observations,
      domainLosses,
      elapsedMs: performance.now() - beganAt,
    })
    yield { progress: progress() }
    for await (const messages of runMessages(analytics, run)) {
      for (const message of messages) {
        replay.take(message)
        if (message.name !== 'losses.measured') continue
        observations++
        domainLosses += message.data.tokens.length
        // Live runs share this thread.
        if (observations % turn === 0) await yieldToOthers()
      }
      yield { progress: progress() }
      await yieldToOthers()
    }
    yield { result: { ...replay.finish(), ...progress() } }
  }

  private async facts<T extends 'MixtureDecided' | 'RunStarted' | 'RunResumed'>(
    run: string,
    type: T,
  ): Promise<LedgerData<T>[]> {
    const found: LedgerData<T>[] = []
    for (let afterVersion = 0; ;) {
      const facts: readonly LedgerEnvelope[] = await this.store.readStream(streamOf(run), {
        types: [type],
        afterVersion,
        limit: page,
      })
      for (const fact of facts) found.push(fact.data as LedgerData<T>)
      const last = facts.at(-1)
      if (last === undefined || facts.length < page) return found
      afterVersion = last.version
    }
  }
}
