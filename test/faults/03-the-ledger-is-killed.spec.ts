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

const kills = 5
const environment = { MIXDESK_PARTITIONS: '4' }

describe('PostgreSQL is killed while trainers report', () => {
  it(`kill -9 of PostgreSQL ${kills} times: transactions that broke are done again, whole`, async () => {
    const random = seeded(process.env['FAULT_SEED'])
    console.log(`FAULT_SEED=${random.seed}`)
    const stories = storiesOf('ledger', { steps: 100 })
    const server = await stand.startServer({ environment })
    for (let kill = 0; kill < kills; kill++) {
      const part = stories.map(({ run, events }) => ({ run, events: partOf(events, kill, kills) }))
      const told = report(stand.messaging, part, random, { pauseMs: 80 })
      await delay(200 + random.next() * 1000)
      await stand.engines.postgres!.kill()
      await delay(random.next() * 500)
      await stand.engines.postgres!.start()
      await told
    }
    const was = await expectUndisturbed({ stand, server, stories })
    console.log(`${kills} kills of PostgreSQL; ${was}`)
  })
})
