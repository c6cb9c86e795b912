import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { expectUndisturbed } from '../support/aftermath.js'
import { eventually } from '../support/eventually.js'
import { partOf, report } from '../support/report.js'
import { seeded, type Seeded } from '../support/seeded.js'
import { startStand, type Stand, type StandServer } from '../support/stand.js'
import { storiesOf } from '../support/stories.js'

let stand: Stand
beforeAll(async () => (stand = await startStand()))
afterAll(() => stand.stop())

const environment = { MIXDESK_PARTITIONS: '8', MIXDESK_KAFKA_SESSION_TIMEOUT_MS: '1000' }
/** chDB belongs to one process: this one decides and relays, the other also keeps the history. */
const startSecond = () =>
  stand.startServer({
    environment: { ...environment, MIXDESK_ROLES: 'mixture,relay' },
    home: join(stand.home, 'second'),
  })
const startFirst = () => stand.startServer({ environment })

/** Runs whose desk the server has in hand. */
async function runsAt(server: StandServer): Promise<number> {
  const { text } = await supertest(server.url).get('/metrics')
  return Number(/^mixdesk_live_runs (\d+)$/m.exec(text)?.[1] ?? 0)
}
const bothWork = (first: StandServer, second: StandServer) =>
  eventually(
    async () => (await runsAt(first)) > 0 && (await runsAt(second)) > 0,
    'both servers at work',
    60_000,
  )

describe('two servers share the partitions', () => {
  it('either is killed and comes back, or sleeps and wakes up as a zombie: the same decisions, each once', async () => {
    const random = seeded(process.env['FAULT_SEED'])
    console.log(`FAULT_SEED=${random.seed}`)
    // The one without history cannot fold it again, so every resume has its checkpoint.
    const stories = storiesOf('shared', { steps: 150, everyCheckpoint: true })
    let [first, second] = await Promise.all([startFirst(), startSecond()])
    const faults: ((random: Seeded) => Promise<void>)[] = [
      async () => {
        await second.kill()
        await delay(random.next() * 2000)
        second = await startSecond()
      },
      async () => {
        await first.kill()
        await delay(random.next() * 2000)
        first = await startFirst()
      },
      () => sleep(second, 2000 + random.next() * 1500),
      () => sleep(first, 2000 + random.next() * 1500),
    ]
    for (const [part, fault] of faults.entries()) {
      const told = stories.map(({ run, events }) => ({ run, events: partOf(events, part, faults.length) }))
      const reporting = report(stand.messaging, told, random, { pauseMs: 60 })
      await bothWork(first, second)
      await delay(random.next() * 500)
      await fault(random)
      await reporting
    }
    const was = await expectUndisturbed({ stand, server: first, others: [second], stories })
    console.log(`2 kills and 2 sleeps of one of two servers; ${was}`)
  })
})

/** Longer than its session: others take its partitions over, and it does not know until it wakes up. */
async function sleep(server: StandServer, ms: number): Promise<void> {
  server.process.kill('SIGSTOP')
  await delay(ms)
  server.process.kill('SIGCONT')
}
