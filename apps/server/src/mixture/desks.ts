import { Inject, Injectable, Logger } from '@nestjs/common'
import { EventBus } from '@nestjs/cqrs'
import { setTimeout as delay } from 'node:timers/promises'
import { streamOf } from '@mixdesk/contracts'
import type { Commit, EventStore } from '@mixdesk/event-store'
import type { IncomingMessage } from '@mixdesk/messaging'
import { noEffects, openDesk, type Effects, type Ingested, type RunMessage } from '@mixdesk/mixture'
import { Adviser } from '../advice/adviser.js'
import { CONFIG, EVENT_STORE } from '../platform/tokens.js'
import { METRICS, type Metrics } from '../platform/metrics.js'
import { untilItSucceeds } from '../platform/retry.js'
import type { Config } from '../config.js'
import { Wake } from '../weights/wake.js'
import { commitOf } from './commit-of.js'
import { DeadLetters } from './dead-letters.js'
import type { DeskEntry } from './desk-entry.js'
import { LedgerAppended } from './ledger-appended.event.js'
import { LearningSource } from './learning-source.js'

/** A desk without news for this long leaves memory; its snapshot brings it back. */
const idleAfterMs = 10 * 60_000

/**
 * The desks of the runs whose partitions this process owns: the durable process manager. What it holds in memory can be
 * lost at any moment; snapshot and log bring it back, and the ledger refuses whoever writes the same thing twice.
 */
@Injectable()
export class Desks {
  private readonly logger = new Logger('mixture')
  private readonly entries = new Map<string, DeskEntry>()
  /** Told when a desk lost a race: its partition must be read again from this offset. */
  onOvertaken: (partition: number, offset: number) => void = () => undefined

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly bus: EventBus,
    private readonly deadLetters: DeadLetters,
    private readonly learning: LearningSource,
    private readonly wake: Wake,
    private readonly adviser: Adviser,
  ) {}

  get(run: string): DeskEntry | undefined {
    return this.entries.get(run)
  }

  /**
   * The desk of a run, from its snapshot; a new one where the run is not known. Undefined when the partition is no longer
   * read from here once the snapshot has come.
   */
  async open(
    run: string,
    partition: number,
    offset: number,
    stillRead: () => boolean,
  ): Promise<DeskEntry | undefined> {
    const saved = await this.store.loadSnapshot(streamOf(run))
    if (!stillRead()) return undefined
    const entry: DeskEntry = {
      run,
      partition,
      desk: openDesk(run, saved && { state: saved.state, cursor: Number(saved.cursor) }),
      streamVersion: saved?.version ?? 0,
      hasCommitted: false,
      savedCursor: saved === undefined ? offset : Number(saved.cursor),
      savedAtMs: Date.now(),
      originals: new Map(),
      advancing: undefined,
      again: false,
      dropped: false,
      broken: undefined,
      letter: Promise.resolve(),
    }
    // A run that has not started holds nothing worth keeping: its messages are dead letters, one by one.
    this.entries.set(run, entry)
    this.metrics.liveRuns.set(this.entries.size)
    return entry
  }

  /** Throws when the run's last advance broke, which stops its partition and shows in the health; the offset stays where it was. */
  take(entry: DeskEntry, message: RunMessage, original: IncomingMessage): Ingested {
    if (entry.broken !== undefined) throw entry.broken
    const ingested = entry.desk.ingest(message)
    if (message.name !== 'losses.measured' && ingested.kind === 'closed')
      entry.originals.set(message.offset, original)
    if (entry.desk.state() === undefined) this.entries.delete(entry.run)
    return ingested
  }

  /** Folds and commits what waits for a run; rings while it works are answered by another round. */
  advance(run: string, options: { readonly save?: boolean } = {}): Promise<void> {
    const entry = this.entries.get(run)
    if (entry === undefined || entry.broken !== undefined) return Promise.resolve()
    if (entry.advancing !== undefined) {
      entry.again = true
      return entry.advancing
    }
    entry.advancing = this.advanceEntry(entry, options.save === true)
      .catch((error: unknown) => {
        entry.broken = new Error(`${run} could not be advanced: ${String(error)}`, { cause: error })
        throw error
      })
      .finally(() => (entry.advancing = undefined))
    return entry.advancing
  }

  private async advanceEntry(entry: DeskEntry, save: boolean): Promise<void> {
    let saving = save
    do {
      entry.again = false
      const began = performance.now()
      const prepared = await this.prepare(entry, saving)
      saving = false
      if (prepared === undefined || isDropped(entry)) continue
      await this.commit(entry, prepared)
      this.metrics.advanceSeconds.observe((performance.now() - began) / 1000)
    } while (!isDropped(entry) && (hasMore(entry) || entry.desk.waiting() > 0))
    if (!isDropped(entry)) this.adviser.consider(entry.desk)
  }

  /**
   * Everything that waits, folded and made one commit; undefined when there is nothing to commit. Fetches what a resumed run
   * must know first. The commit is made in the breath of the last fold: a message taken in between would not be in the
   * snapshot, but its offset would be.
   */
  private async prepare(entry: DeskEntry, saving: boolean): Promise<Prepared | undefined> {
    const effects = noEffects()
    for (;;) {
      const { effects: more, needs } = entry.desk.advance()
      addEffects(effects, more)
      if (needs === undefined) break
      const learning = await untilItSucceeds(() => this.learning.fetch(needs), {
        onRetry: (error, attempt) => attempt % 10 === 1 && this.logger.warn(`${entry.run}: ${String(error)}`),
      })
      if (isDropped(entry)) return undefined
      entry.desk.provide(learning)
    }
    const nothing = effects.events.length + effects.checkpoints.length + effects.rejections.length === 0
    if (nothing && !(saving && entry.desk.cursor() > entry.savedCursor)) return undefined
    return { effects, commit: commitOf(entry, effects), cursor: entry.desk.cursor() }
  }

  private async commit(entry: DeskEntry, { effects, commit, cursor }: Prepared): Promise<void> {
    // The cursor is past a message whose letter may be on its way: after a crash nobody would write it again.
    await entry.letter
    for (const { offset, because } of effects.rejections) {
      const original = entry.originals.get(offset)
      if (original !== undefined) await this.deadLetters.send(original, 'fold', because)
    }
    const result = await untilItSucceeds(() => this.store.commit(commit), {
      onRetry: (error, attempt) =>
        attempt % 10 === 1 &&
        this.logger.warn(`${entry.run}: the ledger is out of reach, trying again: ${String(error)}`),
    })
    this.metrics.commits.inc({ result: result.kind })
    if (result.kind === 'conflict') return this.overtaken(entry)
    entry.streamVersion = result.version
    entry.savedCursor = cursor
    entry.savedAtMs = Date.now()
    for (const offset of entry.originals.keys()) if (offset < cursor) entry.originals.delete(offset)
    if (effects.commands.length > 0) this.metrics.decisions.inc(effects.commands.length)
    if (effects.events.length === 0) return
    if (commit.outbox !== undefined && result.outboxIds !== undefined) {
      const committed = commit.outbox.map((message, i) => ({ ...message, id: result.outboxIds![i]! }))
      this.wake.ring(entry.hasCommitted ? committed : undefined)
    }
    entry.hasCommitted = true
    this.bus.publish(new LedgerAppended(entry.run, effects.events))
  }

  /** Somebody else wrote to the run: our own earlier try whose answer was lost, or the partition's next owner. What they wrote stands. */
  private overtaken(entry: DeskEntry): void {
    this.logger.warn(
      `${entry.run}: the ledger has gone on without this desk; starting again from the snapshot`,
    )
    const offset = entry.savedCursor
    this.drop(entry)
    this.onOvertaken(entry.partition, offset)
  }

  private drop(entry: DeskEntry): void {
    entry.dropped = true
    if (this.entries.get(entry.run) === entry) this.entries.delete(entry.run)
    this.metrics.liveRuns.set(this.entries.size)
  }

  /** Forgets the runs of partitions that are no longer ours. */
  forget(partitions: readonly number[]): void {
    for (const entry of [...this.entries.values()]) if (partitions.includes(entry.partition)) this.drop(entry)
  }

  /** The offset the partition could be read again from without losing anything: the least cursor of what is not saved. */
  durableOffset(partition: number, processed: number): number {
    let durable = processed
    for (const entry of this.entries.values())
      if (
        entry.partition === partition &&
        entry.desk.cursor() > entry.savedCursor &&
        entry.savedCursor < durable
      )
        durable = entry.savedCursor
    return durable
  }

  /** Runs nobody rang for, runs to save, runs to let go. */
  sweep(): { readonly ring: readonly string[]; readonly save: readonly string[] } {
    const now = Date.now()
    const ring: string[] = []
    const save: string[] = []
    for (const entry of this.entries.values()) {
      if (entry.advancing !== undefined || entry.broken !== undefined) continue
      const dirty = entry.desk.cursor() > entry.savedCursor
      if (entry.desk.waiting() > 0) ring.push(entry.run)
      else if (dirty && now - entry.savedAtMs >= this.config.MIXDESK_SNAPSHOT_EVERY_MS) save.push(entry.run)
      else if (!dirty && now - entry.savedAtMs >= idleAfterMs) this.drop(entry)
    }
    return { ring, save }
  }

  /** Entries waiting at the desk of the partition that is furthest behind. */
  mostWaitingIn(partition: number): number {
    let most = 0
    for (const entry of this.entries.values())
      if (entry.partition === partition) most = Math.max(most, entry.desk.waiting())
    return most
  }

  /** Resolves when the partition's desks have advanced; where nobody has rung for them, after a while, so that the sweep can. */
  async whenAdvanced(partition: number): Promise<void> {
    const working = [...this.entries.values()].flatMap((entry) =>
      entry.partition === partition && entry.advancing !== undefined ? [entry.advancing] : [],
    )
    await Promise.race(
      [
        working.length > 0 ? Promise.allSettled(working) : undefined,
        delay(this.config.MIXDESK_SWEEP_EVERY_MS),
      ].filter((one) => one !== undefined),
    )
  }

  /** Runs with something not yet saved. */
  unsaved(): readonly string[] {
    return [...this.entries.values()]
      .filter((entry) => entry.broken === undefined && entry.desk.cursor() > entry.savedCursor)
      .map((entry) => entry.run)
  }
}

type Prepared = { readonly effects: Effects; readonly commit: Commit; readonly cursor: number }

// What others may have changed during an await; asked by a function, because the compiler remembers the value from before.
const isDropped = (entry: DeskEntry): boolean => entry.dropped
const hasMore = (entry: DeskEntry): boolean => entry.again

function addEffects(to: Effects, more: Effects): void {
  to.events.push(...more.events)
  to.commands.push(...more.commands)
  to.checkpoints.push(...more.checkpoints)
  to.rejections.push(...more.rejections)
}
