import { type Assignment, assignmentOf, keyOf } from '../assignment.js'
import type { MemoryBroker } from './memory-broker.js'

export type MemoryMember = {
  readonly topics: readonly string[]
  /** Lets go of what is not in the assignment; resolves once its handlers have ended and the owner knows. */
  release(assignment: Assignment): Promise<void>
  /** Takes what is new in the assignment; resolves once the owner knows. */
  adopt(assignment: Assignment): Promise<void>
}

/** A consumer group: who has which partition, and what has been committed. */
export class MemoryGroup {
  readonly committed = new Map<string, bigint>()
  readonly #broker: MemoryBroker
  #members: MemoryMember[] = []
  #rebalanced: Promise<void> = Promise.resolve()

  constructor(broker: MemoryBroker) {
    this.#broker = broker
  }

  join(member: MemoryMember): Promise<void> {
    this.#members.push(member)
    return this.#rebalance()
  }
  leave(member: MemoryMember): Promise<void> {
    this.#members = this.#members.filter((other) => other !== member)
    return this.#rebalance()
  }

  /** One at a time; nobody is given a partition before its last owner has let go of it. */
  #rebalance(): Promise<void> {
    this.#rebalanced = this.#rebalanced.then(async () => {
      const members = [...this.#members]
      const plan = members.map((member) => this.#shareOf(member, members))
      await Promise.all(members.map((member, index) => member.release(plan[index] ?? {})))
      await Promise.all(members.map((member, index) => member.adopt(plan[index] ?? {})))
    })
    return this.#rebalanced
  }

  #shareOf(member: MemoryMember, members: readonly MemoryMember[]): Assignment {
    const mine = member.topics.flatMap((topic) => {
      const sharing = members.filter((other) => other.topics.includes(topic))
      return this.#broker
        .topic(topic)
        .partitions.map((_, partition) => ({ topic, partition }))
        .filter(({ partition }) => partition % sharing.length === sharing.indexOf(member))
    })
    return assignmentOf(mine)
  }

  committedOf(topic: string, partition: number): bigint | undefined {
    return this.committed.get(keyOf(topic, partition))
  }
}
