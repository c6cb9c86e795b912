import { topics } from '@mixdesk/contracts'
import { eventually } from './eventually.js'
import { assertCaughtUp } from './invariants.js'
import type { Stand } from './stand.js'

const groups = [
  ['mixdesk-mixture', topics.trainerEvents],
  ['mixdesk-history', topics.trainerEvents],
  ['mixdesk-history', topics.ledger],
  ['mixdesk-history', topics.deadLetters],
] as const

/** Both groups have made everything durable, and said so. */
export async function expectOffsetsAtTheEnd({ messaging }: Stand, patienceMs: number): Promise<void> {
  for (const [group, topic] of groups)
    await eventually(
      async () => {
        const committed = new Map(
          (await messaging.committed(group, topic)).map(({ partition, offset }) => [partition, offset]),
        )
        assertCaughtUp(
          (await messaging.offsets(topic)).map(({ partition, high }) => ({
            partition,
            end: high,
            committed: committed.get(partition) ?? '-1',
          })),
          `${group} on ${topic}`,
        )
        return true
      },
      `${group} at the end of ${topic}`,
      patienceMs,
    )
}
