import { topics, type TrainerEvent } from '@mixdesk/contracts'
import type { Messaging } from '@mixdesk/messaging'
import { setTimeout as delay } from 'node:timers/promises'
import type { Seeded } from './seeded.js'
import type { Story } from './stories.js'
import { toMessage } from './trainer.js'

/** The part of the stories that is told in one round of several. */
export const partOf = (
  events: readonly TrainerEvent[],
  part: number,
  parts: number,
): readonly TrainerEvent[] =>
  events.slice(Math.floor((events.length * part) / parts), Math.floor((events.length * (part + 1)) / parts))

/**
 * Trainers at work: all stories told side by side, in small pieces with pauses of up to `pauseMs` between them, as steps
 * come. Nobody waits for an answer.
 */
export async function report(
  messaging: Messaging,
  stories: readonly Story[],
  random: Seeded,
  { pauseMs, pieces = 4 }: { readonly pauseMs: number; readonly pieces?: number },
): Promise<void> {
  await Promise.all(
    stories.map(async ({ events }) => {
      for (let at = 0; at < events.length;) {
        const size = random.between(1, pieces)
        await messaging.send(topics.trainerEvents, events.slice(at, at + size).map(toMessage))
        at += size
        await delay(random.next() * pauseMs)
      }
    }),
  )
}
