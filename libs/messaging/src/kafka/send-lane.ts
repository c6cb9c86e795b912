import type { Message } from 'kafkajs'
import type { MessagingError } from '../messaging-error.js'

// A request stays well below the 2 MiB that a topic takes in one batch, and small enough that kafkajs, which copies a
// partition's list once per message while it groups them, does not notice.
const mostBytes = 900_000
const mostMessages = 1_000

/** One call of `send`; its messages may take several lanes and several requests. */
export type Job = {
  left: number
  failed: boolean
  readonly resolve: () => void
  readonly reject: (error: MessagingError) => void
}
export type Queued = { readonly message: Message; readonly bytes: number; readonly job: Job }

/**
 * The way to one partition: one request at a time, and what comes meanwhile goes together in the next. So order holds
 * under retries, a burst costs few requests, and a lone message does not wait.
 */
export class SendLane {
  #queue: Queued[] = []
  #busy: Promise<void> | undefined
  readonly #deliver: (messages: Message[]) => Promise<void>

  /** `deliver` goes on trying as long as it makes sense and throws only a MessagingError. */
  constructor(deliver: (messages: Message[]) => Promise<void>) {
    this.#deliver = deliver
  }

  push(queued: Queued): void {
    this.#queue.push(queued)
    this.#busy ??= this.#work()
  }
  idle(): Promise<void> {
    return this.#busy ?? Promise.resolve()
  }

  async #work(): Promise<void> {
    await Promise.resolve() // all that is sent in this turn of the loop goes together
    while (this.#queue.length > 0) await this.#flush(this.#take())
    this.#busy = undefined
  }

  #take(): Queued[] {
    let bytes = 0
    let count = 0
    for (const { bytes: size } of this.#queue) {
      if (count > 0 && (count >= mostMessages || bytes + size > mostBytes)) break
      bytes += size
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #flush(batch: readonly Queued[]): Promise<void> {
    try {
      await this.#deliver(batch.map(({ message }) => message))
      for (const { job } of batch) if ((job.left -= 1) === 0 && !job.failed) job.resolve()
    } catch (cause) {
      const error = cause as MessagingError
      const jobs = new Set(batch.map(({ job }) => job))
      // Outage: what waits behind came later and must not overtake what its sender may send again.
      if (error.retriable) this.#fail(new Set([...jobs, ...this.#queue.map(({ job }) => job)]), error)
      else if (jobs.size === 1) this.#fail(jobs, error)
      // One send's fault is not the others': each again by itself.
      else
        for (const job of jobs)
          if (!job.failed) await this.#flush(batch.filter((queued) => queued.job === job))
    }
  }

  #fail(jobs: ReadonlySet<Job>, error: MessagingError): void {
    for (const job of jobs) {
      if (!job.failed) job.reject(error)
      job.failed = true
    }
    this.#queue = this.#queue.filter(({ job }) => !job.failed)
  }
}
