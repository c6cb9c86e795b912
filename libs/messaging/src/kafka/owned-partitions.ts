import { type Assignment, assignmentOf, keyOf } from '../assignment.js'

/** A partition while it is ours. A new object each time it comes to us, so that work for an earlier stay is recognised. */
export type OwnedPartition = {
  readonly topic: string
  readonly partition: number
  /** First offset that has not been handled in this stay; undefined until the first batch. */
  position: string | undefined
  /** Failures of the batch at the position, one after another. */
  failures: number
  /** Why it is paused for good, where it is. */
  pausedBecause: string | undefined
  retryTimer: NodeJS.Timeout | undefined
}

/** What this member holds, carried over from one generation of the group to the next. */
export class OwnedPartitions {
  #memberId: string | undefined
  #partitions = new Map<string, OwnedPartition>()

  get(topic: string, partition: number): OwnedPartition | undefined {
    return this.#partitions.get(keyOf(topic, partition))
  }
  has(owned: OwnedPartition): boolean {
    return this.get(owned.topic, owned.partition) === owned
  }
  all(): OwnedPartition[] {
    return [...this.#partitions.values()]
  }
  assignment(): Assignment {
    return assignmentOf(this.#partitions.values())
  }

  /**
   * Takes over a new assignment; returns what is gone, and whether anything is new. A member that kept its id was in every generation, so what it
   * holds before and after was nobody else's in between. With another id someone else may have owned it all.
   */
  take(
    memberId: string,
    assignment: Assignment,
  ): { readonly gone: OwnedPartition[]; readonly changed: boolean } {
    const before = this.#partitions
    const after = new Map<string, OwnedPartition>()
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions) {
        const kept = memberId === this.#memberId ? before.get(keyOf(topic, partition)) : undefined
        after.set(keyOf(topic, partition), kept ?? newPartition(topic, partition))
      }
    const fresh = [...after].some(([key, partition]) => before.get(key) !== partition)
    this.#memberId = memberId
    this.#partitions = after
    const gone = this.#drop(before)
    return { gone, changed: fresh || gone.length > 0 }
  }

  /** Lets go of everything; returns what it was. */
  clear(): OwnedPartition[] {
    const before = this.#partitions
    this.#partitions = new Map()
    return this.#drop(before)
  }

  #drop(before: ReadonlyMap<string, OwnedPartition>): OwnedPartition[] {
    const gone = [...before.values()].filter((owned) => !this.has(owned))
    for (const { retryTimer } of gone) clearTimeout(retryTimer)
    return gone
  }
}

const newPartition = (topic: string, partition: number): OwnedPartition => ({
  topic,
  partition,
  position: undefined,
  failures: 0,
  pausedBecause: undefined,
  retryTimer: undefined,
})
