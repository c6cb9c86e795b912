import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectUndisturbed, factsWritten } from '../support/aftermath.js'
import { eventually } from '../support/eventually.js'
import { partOf, report } from '../support/report.js'
import { seeded } from '../support/seeded.js'
import { startStand, type Stand } from '../support/stand.js'
import { storiesOf } from '../support/stories.js'

let stand: Stand
beforeAll(async () => (stand = await startStand()))
afterAll(() => stand.stop())

const kills = 22
/**
 * Few partitions, so that runs share them; a short session, so that a killed member is given up soon. The one that is
 * not killed has a longer one: a busy machine must not take it for dead again and again.
 */
const environmentOf = (life: number) => ({
  MIXDESK_PARTITIONS: '4',
  MIXDESK_KAFKA_SESSION_TIMEOUT_MS: life < kills ? '1000' : '6000',
})

describe('the server is killed, again and again, at random moments while trainers report', () => {
  it(`kill -9 ${kills} times: nothing lost, nothing doubled, the same decisions`, async () => {
    const random = seeded(process.env['FAULT_SEED'])
    console.log(`FAULT_SEED=${random.seed}`)
    const stories = storiesOf('killed', { steps: 150 })
    let server = await stand.startServer({ environment: environmentOf(0) })
    let [atWork, written] = [0, 0]
    for (let kill = 0; kill < kills; kill++) {
      const part = stories.map(({ run, events }) => ({ run, events: partOf(events, kill, kills) }))
      const told = report(stand.messaging, part, random, { pauseMs: 150 })
      // Every other one has written something before it is killed, however long it takes to join.
      const atLeast = written
      if (kill % 2 === 1) await eventually(async () => (await factsWritten(stand)) > atLeast, 'a new fact')
      await delay(random.next() * 1200)
      await server.kill()
      const before = written
      written = await factsWritten(stand)
      if (written > before) atWork++
      server = await stand.startServer({ environment: environmentOf(kill + 1) })
      await told
    }
    const was = await expectUndisturbed({ stand, server, stories })
    console.log(`${kills} kills of the server, ${atWork} of them after it had written something; ${was}`)
    expect(atWork).toBeGreaterThan(kills / 3)
  })
})
