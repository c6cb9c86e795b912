import { Inject, Injectable } from '@nestjs/common'
import {
  cloudEventHeaders,
  limits,
  openStructuredEvent,
  parseTrainerEvent,
  topics,
  type IdentifiedEvent,
  type TrainerEvent,
} from '@mixdesk/contracts'
import type { EventStore } from '@mixdesk/event-store'
import type { Messaging } from '@mixdesk/messaging'
import { judgeStart, lossDomainsFault } from '@mixdesk/mixture'
import { limits as http } from '../platform/limits.js'
import { ProblemException } from '../platform/problem.js'
import { EVENT_STORE, MESSAGING } from '../platform/tokens.js'

const { batchEvents } = http
const rememberedStarts = 10_000

/** Why an event was not taken. */
export type EventFault = {
  readonly because: string
  /** A word for programs, where there is something to do about it. */
  readonly code?: 'runNotStarted'
  /** Whether the same event may be taken later as it is: its run's start may be on the way. */
  readonly retriable?: true
}

/** Checks events while somebody waits for the answer, and puts them into the log. */
@Injectable()
export class Events {
  /** Domain counts of runs that started here or were looked up: their row may not be in the ledger yet. */
  private readonly domainCounts = new Map<string, number>()

  constructor(
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Resolves with their number when Kafka has acknowledged all of them. */
  async take(values: readonly unknown[]): Promise<number> {
    if (values.length === 0)
      throw new ProblemException(422, 'The batch is empty; send at least one CloudEvent.')
    if (values.length > batchEvents)
      throw new ProblemException(
        413,
        `A batch holds at most ${batchEvents} events, ${values.length} came; send several batches.`,
      )
    const faults: (EventFault & { index: number })[] = []
    const checked: { opened: IdentifiedEvent; event: TrainerEvent; value: string }[] = []
    const startedHere = new Map<string, number>()
    for (const [index, value] of values.entries()) {
      const outcome = await this.check(value, startedHere)
      if ('because' in outcome) faults.push({ index, ...outcome })
      else checked.push(outcome)
    }
    if (faults.length > 0) {
      const [first] = faults
      const place = values.length === 1 ? '' : `Event ${first!.index}: `
      throw new ProblemException(
        422,
        `${place}${first!.because}${faults.length > 1 ? ` (${faults.length} events have faults; none was taken.)` : ''}`,
        { faults: faults.slice(0, 100) },
      )
    }
    await this.messaging.send(
      topics.trainerEvents,
      checked.map(({ opened, event, value }) => ({
        key: event.data.run,
        headers: cloudEventHeaders(opened),
        value,
      })),
    )
    for (const [run, count] of startedHere) this.remember(run, count)
    return checked.length
  }

  private async check(
    value: unknown,
    startedHere: Map<string, number>,
  ): Promise<{ opened: IdentifiedEvent; event: TrainerEvent; value: string } | EventFault> {
    const opened = openStructuredEvent(value)
    if (!opened.ok) return { because: opened.because }
    const parsed = parseTrainerEvent(opened.value)
    if (!parsed.ok) return { because: parsed.because }
    const event = parsed.value
    const text = JSON.stringify(event.data)
    if (Buffer.byteLength(text) > limits.messageBytes)
      return {
        because: `The data has ${Buffer.byteLength(text)} bytes; at most ${limits.messageBytes} are accepted.`,
      }
    if (event.name === 'run.started') {
      const judged = judgeStart(event.data)
      if (!judged.ok) return { because: judged.problems.join(' ') }
      startedHere.set(event.data.run, event.data.domains.length)
    } else {
      const fault = await this.misfit(event, startedHere)
      if (fault !== undefined) return fault
    }
    return { opened: opened.value, event, value: text }
  }

  /** Why the event cannot belong to its run, as far as can be told before its place in the log is known. */
  private async misfit(
    event: TrainerEvent,
    startedHere: ReadonlyMap<string, number>,
  ): Promise<EventFault | undefined> {
    const { run } = event.data
    const count = startedHere.get(run) ?? this.domainCounts.get(run) ?? (await this.lookUp(run))
    if (count === undefined)
      return {
        because: `${event.name}: the run "${run}" has not started; send run.started first.`,
        code: 'runNotStarted',
        retriable: true,
      }
    const fault = event.name === 'losses.measured' ? lossDomainsFault(event.data, count) : undefined
    return fault === undefined ? undefined : { because: fault }
  }

  private async lookUp(run: string): Promise<number | undefined> {
    const row = await this.store.findRun(run)
    if (row !== undefined) this.remember(run, row.domains.length)
    return row?.domains.length
  }

  private remember(run: string, count: number): void {
    if (this.domainCounts.size >= rememberedStarts)
      this.domainCounts.delete(this.domainCounts.keys().next().value!)
    this.domainCounts.set(run, count)
  }
}
