import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { expectUndisturbed } from '../support/aftermath.js'
import { partOf, report } from '../support/report.js'
import { seeded } from '../support/seeded.js'
import { startStand, type Stand } from '../support/stand.js'
import { storiesOf } from '../support/stories.js'

let stand: Stand
beforeAll(async () => (stand = await startStand()))
afterAll(() => stand.stop())

const kills = 2
const environment = { MIXDESK_PARTITIONS: '4', MIXDESK_KAFKA_SESSION_TIMEOUT_MS: '3000' }

describe('the broker is killed while trainers report', () => {
  it(`kill -9 of Kafka ${kills} times: what was sent is decided on once it is back`, async () => {
    const random = seeded(process.env['FAULT_SEED'])
    console.log(`FAULT_SEED=${random.seed}`)
    const stories = storiesOf('broker', { steps: 80 })
    const server = await stand.startServer({ environment })
    for (let kill = 0; kill < kills; kill++) {
      const part = stories.map(({ run, events }) => ({ run, events: partOf(events, kill, kills) }))
      // The client of a trainer queues while the broker is away, and sends again what was not acknowledged.
      const told = report(stand.messaging, part, random, { pauseMs: 80 })
      await delay(300 + random.next() * 1500)
      await stand.engines.kafka!.kill()
      await delay(random.next() * 500)
      await stand.engines.kafka!.start()
      await told
    }
    const was = await expectUndisturbed({ stand, server, stories })
    console.log(`${kills} kills of the broker; ${was}`)
  })
})
