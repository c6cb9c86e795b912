import { backoffMs, isRetriable, messageOf } from '../backoff.js'
import type { ConsumerOptions, IncomingMessage } from '../messaging.js'
import { MessagingError } from '../messaging-error.js'

const mostMessages = 500

/** How many more batches may be handled at the same time, and who wants to know when one has ended. */
export type Slots = { free: number; readonly released: () => void }

/** One partition while a member owns it: hands over batch after batch, from `position` on. */
export class MemoryPartition {
  readonly topic: string
  readonly partition: number
  position: bigint
  pausedBecause: string | undefined
  #log: readonly IncomingMessage[]
  #options: ConsumerOptions
  #slots: Slots
  #ending = false
  #failures = 0
  #sought = 0
  #wake: () => void = () => undefined
  #ended: Promise<void> = Promise.resolve()

  constructor(
    place: { readonly topic: string; readonly partition: number; readonly position: bigint },
    log: readonly IncomingMessage[],
    options: ConsumerOptions,
    slots: Slots,
  ) {
    this.topic = place.topic
    this.partition = place.partition
    this.position = place.position
    this.#log = log
    this.#options = options
    this.#slots = slots
  }

  start(): void {
    this.#ended = this.#run()
  }
  /** Ends after the batch in hand; resolves when that is done. */
  end(): Promise<void> {
    this.#ending = true
    this.wake()
    return this.#ended
  }
  /** There may be something to do. */
  wake(): void {
    this.#wake()
  }
  seek(offset: bigint): void {
    this.#sought += 1
    this.#failures = 0
    this.position = offset
    this.pausedBecause = undefined
    this.wake()
  }

  /** Asked anew after each wait, so not a field that the compiler thinks it knows. */
  #goesOn(): boolean {
    return !this.#ending
  }

  async #run(): Promise<void> {
    while (this.#goesOn()) {
      const nothing = this.pausedBecause !== undefined || this.position >= BigInt(this.#log.length)
      if (nothing || this.#slots.free === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      this.#slots.free -= 1
      try {
        // Never in the sender's own turn of the loop: a broker is elsewhere.
        await new Promise((resolve) => setImmediate(resolve))
        if (this.#goesOn()) await this.#handleNext()
      } finally {
        this.#slots.free += 1
        this.#slots.released()
      }
      if (this.#failures > 0 && this.#goesOn() && this.pausedBecause === undefined) await this.#rest()
    }
  }

  /** Backs off; ends early when taken away or sought. */
  async #rest(): Promise<void> {
    const before = this.#sought
    let timer: NodeJS.Timeout | undefined
    const rest = { over: false }
    const elapsed = new Promise<void>((resolve) => {
      timer = setTimeout(
        () => {
          rest.over = true
          resolve()
        },
        backoffMs(this.#failures - 1),
      )
    })
    while (!rest.over && this.#goesOn() && this.#sought === before)
      await Promise.race([elapsed, new Promise<void>((resolve) => (this.#wake = resolve))])
    clearTimeout(timer)
  }

  async #handleNext(): Promise<void> {
    const { topic, partition } = this
    const from = Number(this.position)
    const messages = this.#log.slice(from, from + mostMessages)
    if (messages.length === 0) return
    const sought = this.#sought
    const running = () => !this.#ending && this.#sought === sought
    const next = BigInt(from + messages.length)
    try {
      await this.#options.onBatch({
        topic,
        partition,
        messages,
        highWatermark: String(this.#log.length),
        nextOffset: String(next),
        heartbeat: () => (this.#ending ? Promise.reject(this.#takenAway()) : Promise.resolve()),
        running,
      })
    } catch (error) {
      if (!running()) return
      this.#failures += 1
      if (!isRetriable(error)) this.pausedBecause = messageOf(error)
      return
    }
    if (!running()) return // it may have ended early: come again
    this.position = next
    this.#failures = 0
  }

  #takenAway(): MessagingError {
    return new MessagingError('stopped', `${this.topic}/${this.partition} is no longer ours`)
  }
}
