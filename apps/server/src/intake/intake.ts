import { Inject, Injectable, Logger } from '@nestjs/common'
import { EventBus } from '@nestjs/cqrs'
import { topics } from '@mixdesk/contracts'
import type { IncomingBatch, IncomingMessage, MessageConsumer, Messaging } from '@mixdesk/messaging'
import { CONFIG, MESSAGING } from '../platform/tokens.js'
import type { Ingested, RunMessage } from '@mixdesk/mixture'
import { METRICS, type Metrics } from '../platform/metrics.js'
import type { Config } from '../config.js'
import { DeadLetters } from '../mixture/dead-letters.js'
import { Desks } from '../mixture/desks.js'
import { StepsClosed } from '../mixture/steps-closed.event.js'
import type { DeskEntry } from '../mixture/desk-entry.js'
import type { Parsed } from './parse-message.js'
import { ParsedMessages } from './parsed-messages.js'

export const mixtureGroup = 'mixdesk-mixture'

/** Messages between two rings, heartbeats and looks at whether the partition is still ours. */
const chunk = 256
/** A desk this far behind makes the intake wait, so that memory stays bounded when the ledger is slow or nobody rings. */
const mostWaiting = 2048

/**
 * From the log to the desks: opens, parses and hands over every message, in order. What cannot be used goes to the dead
 * letters; nothing stops the partition. Offsets are committed by the sweep, once the desks have saved what came before.
 */
@Injectable()
export class Intake {
  private readonly logger = new Logger('intake')
  private readonly processed = new Map<number, number>()
  private readonly committed = new Map<number, number>()
  private consumer: MessageConsumer | undefined
  private readonly outcomes: Readonly<Record<Ingested['kind'] | 'dead', { inc(): void }>>

  constructor(
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(METRICS) metrics: Metrics,
    private readonly bus: EventBus,
    private readonly desks: Desks,
    private readonly deadLetters: DeadLetters,
    private readonly parsed: ParsedMessages,
  ) {
    // Looked up once: a counter found by its labels costs as much as a message.
    const counter = (outcome: string) => metrics.messages.labels(outcome)
    this.outcomes = {
      closed: counter('closed'),
      waiting: counter('waiting'),
      covered: counter('covered'),
      ignored: counter('ignored'),
      rejected: counter('rejected'),
      dead: counter('dead'),
    }
  }

  async start(): Promise<void> {
    this.desks.onOvertaken = (partition, offset) => {
      this.processed.set(partition, Math.min(offset, this.processed.get(partition) ?? offset))
      this.consumer?.seek(topics.trainerEvents, partition, String(offset))
    }
    this.consumer = this.messaging.consumer({
      group: mixtureGroup,
      topics: [topics.trainerEvents],
      from: 'beginning',
      concurrency: 4,
      sessionTimeoutMs: this.config.MIXDESK_KAFKA_SESSION_TIMEOUT_MS,
      onBatch: (batch) => this.take(batch),
      onRevoked: (revoked) => this.forget(revoked[topics.trainerEvents] ?? []),
    })
    await this.consumer.start()
  }

  async stop(): Promise<void> {
    await this.consumer?.stop()
  }

  health() {
    return this.consumer?.health()
  }

  private forget(partitions: readonly number[]): void {
    this.desks.forget(partitions)
    for (const partition of partitions) {
      this.processed.delete(partition)
      this.committed.delete(partition)
    }
  }

  private async take(batch: IncomingBatch): Promise<void> {
    const closed = new Set<string>()
    let sinceRing = 0
    for (const message of batch.messages) {
      if (sinceRing === chunk) {
        sinceRing = 0
        this.ring(closed)
        await batch.heartbeat()
        await this.parsed.whenRoom(batch.partition, 'desks')
        await this.whenRoom(batch)
        if (!batch.running()) return
      }
      sinceRing++
      // Nearly every message is taken in at once; a promise for each would cost more than the taking.
      const taken = this.takeOne(batch, message, closed)
      if (!(typeof taken === 'boolean' ? taken : await taken)) return this.ring(closed)
      this.processed.set(batch.partition, Number(message.offset) + 1)
    }
    this.processed.set(batch.partition, Number(batch.nextOffset))
    this.ring(closed)
    await this.whenRoom(batch)
  }

  /**
   * Adds the run to ring for, if any. False when, during a wait for Kafka or the ledger, the partition was taken away or
   * sent back to an earlier offset: a desk opened now would miss what lies between its snapshot and this message.
   */
  private takeOne(
    batch: IncomingBatch,
    original: IncomingMessage,
    closed: Set<string>,
  ): boolean | Promise<boolean> {
    const parsed = this.parsed.parse(original, 'desks')
    if (!parsed.ok) {
      this.outcomes.dead.inc()
      return this.deadLetters.send(original, 'parse', parsed.because).then(batch.running)
    }
    const { run } = parsed.event.data
    const entry = this.desks.get(run)
    if (entry !== undefined) return this.takeAt(entry, batch, original, parsed, closed)
    return this.desks
      .open(run, original.partition, Number(original.offset), batch.running)
      .then((opened) => opened !== undefined && this.takeAt(opened, batch, original, parsed, closed))
  }

  private takeAt(
    entry: DeskEntry,
    batch: IncomingBatch,
    original: IncomingMessage,
    { event, time, id }: Extract<Parsed, { readonly ok: true }>,
    closed: Set<string>,
  ): boolean | Promise<boolean> {
    const { name, data } = event
    const placed = { name, data, offset: Number(original.offset), time, id }
    const ingested = this.desks.take(entry, placed as RunMessage, original)
    this.outcomes[ingested.kind].inc()
    // An acknowledgement changes no mixture: it is committed with the next step, or by the sweep.
    if (ingested.kind === 'closed' && name !== 'mixture.applied') closed.add(entry.run)
    if (ingested.kind !== 'rejected') return true
    return (entry.letter = this.deadLetters.send(original, 'intake', ingested.because)).then(batch.running)
  }

  private ring(closed: Set<string>): void {
    for (const run of closed) this.bus.publish(new StepsClosed(run))
    closed.clear()
  }

  private async whenRoom(batch: IncomingBatch): Promise<void> {
    const crowded = () => this.desks.mostWaitingIn(batch.partition) > mostWaiting
    while (crowded() && batch.running()) {
      await this.desks.whenAdvanced(batch.partition)
      await batch.heartbeat()
    }
  }

  /** Commits, for each partition, the offset from which it could be read again without loss. */
  async commitOffsets(): Promise<void> {
    for (const [partition, processed] of [...this.processed]) {
      const durable = this.desks.durableOffset(partition, processed)
      if (durable <= (this.committed.get(partition) ?? -1)) continue
      try {
        if ((await this.consumer?.commit(topics.trainerEvents, partition, String(durable))) === true)
          this.committed.set(partition, durable)
      } catch (error) {
        // The next sweep tries again; until then a restart reads a little more twice.
        this.logger.warn(`offset ${durable} of partition ${partition} was not committed: ${String(error)}`)
      }
    }
  }
}
