import type { Messaging } from '@mixdesk/messaging'
import { afterAll, beforeAll, inject } from 'vitest'
import { openKafka, startTrainer, type TestTrainer } from '../support/trainer.js'

export const url = () => inject('url')
let count = 0
/** A run id that no other chapter uses. */
export const freshRun = (story: string) => `${story}-${process.pid}-${count++}`

/** The Kafka of the flows, and trainers on it that stop by themselves. */
export function onKafka(): { messaging(): Messaging; trainer(run: string): Promise<TestTrainer> } {
  let messaging: Messaging
  const trainers: TestTrainer[] = []
  beforeAll(async () => {
    messaging = openKafka(inject('brokers'), 'flows')
    await messaging.start()
  })
  afterAll(async () => {
    await Promise.all(trainers.map((trainer) => trainer.stop()))
    await messaging.stop()
  })
  return {
    messaging: () => messaging,
    async trainer(run) {
      const trainer = await startTrainer(messaging, run)
      trainers.push(trainer)
      return trainer
    },
  }
}
