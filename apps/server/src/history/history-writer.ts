import { Inject, Injectable, Logger } from '@nestjs/common'
import type { Analytics } from '@mixdesk/analytics'
import { topics } from '@mixdesk/contracts'
import type { IncomingBatch, IncomingMessage, MessageConsumer, Messaging } from '@mixdesk/messaging'
import type { Config } from '../config.js'
import { ParsedMessages } from '../intake/parsed-messages.js'
import { ANALYTICS, CONFIG, MESSAGING } from '../platform/tokens.js'
import { METRICS, type Metrics } from '../platform/metrics.js'
import { untilItSucceeds } from '../platform/retry.js'
import { emptyBlock, rowsIn, tokenOf, type PendingBlock } from './history-block.js'
import {
  addDeadLetter,
  addTrainerRows,
  knownFrom,
  ledgerFactOf,
  noteResume,
  type KnownRun,
} from './history-rows.js'

export const historyGroup = 'mixdesk-history'
/** With the partition that the run lies in. */
type RememberedRun = KnownRun & { readonly partition: number }
/** Runs whose project and domains are remembered. */
const mostKnown = 10_000
/** Blocks that may wait for the engine, the one it has in hand among them. */
const mostWritesWaiting = 2

/**
 * Writes everything that was said and decided to the history: a consumer group of its own, large blocks, offsets
 * committed after the engine has the block. What comes twice lands on the same keys.
 */
@Injectable()
export class HistoryWriter {
  private readonly logger = new Logger('history')
  private readonly known = new Map<string, RememberedRun>()
  private consumer: MessageConsumer | undefined
  private block: PendingBlock = emptyBlock()
  private writing: Promise<void> = Promise.resolve()
  private committing: Promise<void> = Promise.resolve()
  /** Writes that are not done, the oldest first. */
  private readonly writes: Promise<void>[] = []
  private timer: NodeJS.Timeout | undefined
  /** Why the newest block is not written yet, while it isn't. */
  fault: string | undefined

  constructor(
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(ANALYTICS) private readonly analytics: Analytics,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly parsed: ParsedMessages,
  ) {}

  async start(): Promise<void> {
    this.consumer = this.messaging.consumer({
      group: historyGroup,
      topics: [topics.trainerEvents, topics.ledger, topics.deadLetters],
      from: 'beginning',
      concurrency: 4,
      sessionTimeoutMs: this.config.MIXDESK_KAFKA_SESSION_TIMEOUT_MS,
      // Blocks are what matters here: a fetch for every message would take the time from the decisions.
      minBytes: 65_536,
      onBatch: (batch) => this.take(batch),
      onRevoked: (revoked) => this.forget(revoked[topics.trainerEvents] ?? []),
    })
    await this.consumer.start()
  }

  /** Stops fetching, writes what waits; its offsets are committed before the group is left. */
  async stop(): Promise<void> {
    this.flush()
    await this.written()
    await this.consumer?.stop()
    this.flush()
    await this.written()
  }

  /** Everything flushed so far is with the engine, and its offsets are with Kafka. */
  private async written(): Promise<void> {
    await this.writing
    await this.committing
  }

  health() {
    return this.consumer?.health()
  }

  private async take(batch: IncomingBatch): Promise<void> {
    const { topic, partition, messages } = batch
    let first = messages[0]?.offset ?? batch.nextOffset
    /** The block may be written during any wait, so before each one it is told what it covers. */
    const beforeWaiting = (next: string) => {
      if (first !== next) this.cover(topic, partition, first, next)
      first = next
    }
    let count = 0
    for (const message of messages) {
      if (++count % 1024 === 0) {
        beforeWaiting(message.offset)
        await batch.heartbeat()
        if (!batch.running()) return
      }
      if (topic === topics.trainerEvents) {
        const unknown = this.addTrainerEvent(message)
        if (unknown === undefined) continue
        beforeWaiting(message.offset)
        await this.lookUp(unknown, partition)
        if (!batch.running()) {
          this.known.delete(unknown)
          return
        }
        this.addTrainerEvent(message)
      } else if (topic === topics.ledger) this.addFact(message)
      else addDeadLetter(this.block, message)
    }
    this.cover(topic, partition, first, batch.nextOffset)

    if (rowsIn(this.block) >= this.config.MIXDESK_HISTORY_FLUSH_ROWS) this.flush()
    else this.timer ??= setTimeout(() => this.flush(), this.config.MIXDESK_HISTORY_FLUSH_MS)
    // A slow engine slows the reading, not the memory.
    while (this.writes.length > mostWritesWaiting && batch.running()) {
      // For the oldest only: reading and writing go on side by side.
      await Promise.race([this.writes[0], new Promise((resolve) => setTimeout(resolve, 1000))])
      await batch.heartbeat()
    }
  }

  /** The run's id where the run must be looked up first; then nothing has been added. */
  private addTrainerEvent(message: IncomingMessage): string | undefined {
    const parsed = this.parsed.parse(message, 'history')
    // What cannot be parsed, or belongs to no run, is a dead letter; the mixture's intake writes it.
    if (!parsed.ok) return undefined
    const { event } = parsed
    const { partition, offset } = message
    if (event.name === 'run.started') this.remember(event.data.run, { ...knownFrom(event.data), partition })
    const known = this.known.get(event.data.run)
    if (known === undefined) return event.data.run
    addTrainerRows(this.block, known, parsed, { partition, offset }, timeOf(message, parsed.time))
    return undefined
  }

  private addFact(message: IncomingMessage): void {
    const fact = ledgerFactOf(message)
    if (fact !== undefined) this.block.ledger.push(fact)
    else
      this.logger.warn(
        `${message.topic}[${message.partition}]@${message.offset} is no fact of the ledger; left out`,
      )
  }

  /** The first start of a run counts, as it does at its desk. */
  private remember(run: string, known: RememberedRun): void {
    if (this.known.has(run)) return
    if (this.known.size >= mostKnown) this.known.delete(this.known.keys().next().value!)
    this.known.set(run, known)
  }

  /** A run that started before this process did, or long ago: the history itself knows. */
  private async lookUp(run: string, partition: number): Promise<void> {
    const started = await untilItSucceeds(() => this.analytics.runStarted(run))
    if (started === undefined) return
    const known = { ...knownFrom(started), partition }
    for (const resumed of await untilItSucceeds(() => this.analytics.resumes(run))) noteResume(known, resumed)
    known.newest = Infinity
    this.remember(run, known)
  }

  /** Whoever has these partitions now may read of new attempts, which we would take for ones that have not begun. */
  private forget(partitions: readonly number[]): void {
    for (const [run, { partition }] of this.known) if (partitions.includes(partition)) this.known.delete(run)
  }

  private cover(topic: string, partition: number, first: string, next: string): void {
    const key = `${topic}/${partition}`
    const range = this.block.ranges.get(key)
    if (range === undefined) this.block.ranges.set(key, { topic, partition, first, next })
    else if (BigInt(next) > BigInt(range.next)) range.next = next
  }

  private flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { block } = this
    if (block.ranges.size === 0) return
    this.block = emptyBlock()
    this.writing = this.writing.then(() => this.write(block)).finally(() => void this.writes.shift())
    this.writes.push(this.writing)
  }

  private async commit({ ranges }: PendingBlock): Promise<void> {
    const commits = [...ranges.values()].map(async ({ topic, partition, next }) => {
      try {
        await this.consumer?.commit(topic, partition, next)
      } catch (error) {
        this.logger.warn(`offset of ${topic}[${partition}] was not committed: ${String(error)}`)
      }
    })
    await Promise.all(commits)
  }

  private async write(block: PendingBlock): Promise<void> {
    const { ranges: _, ...rows } = block
    if (rowsIn(block) > 0) {
      const began = performance.now()
      const token = tokenOf(block)
      // Never given up, whatever the error: rows that are dropped after some tries are rows lost. Health shows the fault.
      await untilItSucceeds(() => this.analytics.write({ token, ...rows }), {
        retries: () => true,
        onRetry: (error, attempt) => {
          this.fault = String(error)
          if (attempt % 10 === 1)
            this.logger.warn(
              `a block of ${rowsIn(block)} rows could not be written, trying again: ${this.fault}`,
            )
        },
      })
      this.fault = undefined
      this.metrics.historySeconds.observe((performance.now() - began) / 1000)
      for (const kind of ['observations', 'ledger', 'evaluations', 'metrics', 'deadLetters'] as const)
        if (rows[kind].length > 0) this.metrics.historyRows.inc({ kind }, rows[kind].length)
    }
    // The next block need not wait for Kafka to write these down; later offsets still follow earlier ones.
    this.committing = this.committing.then(() => this.commit(block))
  }
}

function timeOf(message: IncomingMessage, said: string | undefined): number {
  const time = said === undefined ? NaN : Date.parse(said)
  return Number.isNaN(time) ? Number(message.timestamp) : time
}
