import { Inject, Injectable, Logger } from '@nestjs/common'
import { setTimeout as delay } from 'node:timers/promises'
import { cloudEventHeaders, topics } from '@mixdesk/contracts'
import type { EventStore, StoredOutboxMessage } from '@mixdesk/event-store'
import type { Messaging } from '@mixdesk/messaging'
import { EVENT_STORE, MESSAGING } from '../platform/tokens.js'
import { METRICS, type Metrics } from '../platform/metrics.js'
import { Wake } from './wake.js'

const lease = 'mixdesk-relay'
const ledgerCursor = 'ledger-feed'
const page = 500
/** How long a quiet relay waits before it looks for what another process left. */
const lookEveryMs = 50

/**
 * Sends what has been committed: commands from the outbox, facts from the ledger. At least once, and in order for a run,
 * because of all processes only the holder of the lease sends, one page after the other.
 */
@Injectable()
export class Relay {
  private readonly logger = new Logger('relay')
  private readonly stopping = new AbortController()
  private running: Promise<void> | undefined
  holdsLease = false

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly wake: Wake,
  ) {}

  start(): void {
    this.running = this.run()
  }

  /** Sends what is left, then stops. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      try {
        await this.store.withLease(lease, (lost) => this.relay(AbortSignal.any([signal, lost])))
      } catch (error) {
        this.logger.warn(`pausing, then trying again: ${String(error)}`)
      }
      this.holdsLease = false
      await delay(lookEveryMs * 4, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Until the signal comes or one of both fails; then the other ends, too, before the lease is given back. */
  private async relay(signal: AbortSignal): Promise<void> {
    this.holdsLease = true
    const failed = new AbortController()
    const until = AbortSignal.any([signal, failed.signal])
    const both = [this.relayCommands(until), this.relayLedger(until)]
    for (const one of both) one.catch(() => failed.abort())
    await Promise.allSettled(both)
    await Promise.all(both)
  }

  /**
   * What this process commits is handed over and sent without being read back; every so often the outbox is looked at for
   * the rest: what other processes committed, and what was committed before a crash.
   */
  private async relayCommands(signal: AbortSignal): Promise<void> {
    /** Sent, but still in the outbox: so that nothing is sent both as handed over and as found there. */
    const sent = new Set<string>()
    this.wake.listen(true)
    try {
      for (;;) {
        const stopping = signal.aborted
        // Whatever was handed over until now is in the outbox as well, and is found there in its order.
        this.wake.take()
        await this.forget(sent)
        const pending = await this.store.pendingOutbox(page)
        await this.sendAll(pending, sent)
        if (stopping) return await this.forget(sent)
        if (pending.length < page) await this.sendHandedOver(sent, signal)
      }
    } finally {
      this.wake.listen(false)
    }
  }

  /** Sends what is handed over until the next look at the outbox is due. */
  private async sendHandedOver(sent: Set<string>, signal: AbortSignal): Promise<void> {
    const until = performance.now() + lookEveryMs
    for (;;) {
      const left = until - performance.now()
      if (left <= 0 || signal.aborted || sent.size >= page) return
      await this.wake.wait(left, signal)
      const { handedOver, more } = this.wake.take()
      // What is only in the outbox may come first: the look finds both, in their order.
      if (more) return
      await this.sendAll(
        handedOver.filter(({ id }) => !sent.has(id)),
        sent,
      )
    }
  }

  private async sendAll(messages: readonly StoredOutboxMessage[], sent: Set<string>): Promise<void> {
    for (const [topic, some] of groupByTopic(messages)) {
      await this.messaging.send(topic, some)
      this.metrics.relayed.inc({ kind: 'command' }, some.length)
    }
    for (const { id } of messages) sent.add(id)
  }

  /** Takes what has been sent out of the outbox. */
  private async forget(sent: Set<string>): Promise<void> {
    if (sent.size === 0) return
    await this.store.markSent([...sent])
    sent.clear()
  }

  private async relayLedger(signal: AbortSignal): Promise<void> {
    let position = await this.store.loadCursor(ledgerCursor)
    for (;;) {
      const stopping = signal.aborted
      const facts = await this.store.readAll({ afterPosition: position ?? '0', limit: page })
      const last = facts.at(-1)
      if (last !== undefined) {
        await this.messaging.send(
          topics.ledger,
          facts.map((fact) => ({
            key: fact.data.run,
            headers: cloudEventHeaders({
              id: fact.id,
              type: `mixdesk.ledger.${fact.type}.v${fact.schemaVersion}`,
              source: 'mixdesk',
              time: fact.recordedAt,
            }),
            value: JSON.stringify(fact),
          })),
        )
        this.metrics.relayed.inc({ kind: 'ledger' }, facts.length)
        if (!(await this.store.moveCursor(ledgerCursor, position, last.position)))
          throw new Error('another process has moved the cursor of the ledger feed')
        position = last.position
      }
      if (stopping && facts.length < page) return
      // Facts are for the history and for onlookers: a page every so often costs less than one a decision.
      if (facts.length < page) await delay(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

function groupByTopic(messages: readonly StoredOutboxMessage[]): Map<string, StoredOutboxMessage[]> {
  const groups = new Map<string, StoredOutboxMessage[]>()
  for (const message of messages) {
    const group = groups.get(message.topic)
    if (group === undefined) groups.set(message.topic, [message])
    else group.push(message)
  }
  return groups
}
