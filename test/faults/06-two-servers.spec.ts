import { topics, type TrainerEvent } from '@mixdesk/contracts'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { expectUndisturbed } from '../support/aftermath.js'
import { eventually } from '../support/eventually.js'
import { aRun, losses } from '../support/facts.js'
import { partOf, report } from '../support/report.js'
import { seeded, type Seeded } from '../support/seeded.js'
import { startStand, type Stand, type StandServer } from '../support/stand.js'
import { storiesOf, type Story } from '../support/stories.js'
import { toMessage } from '../support/trainer.js'

let stand: Stand
beforeAll(async () => (stand = await startStand()))
afterAll(() => stand.stop())

const partitions = 8
const sessionMs = 3000
const environment = {
  MIXDESK_PARTITIONS: String(partitions),
  MIXDESK_KAFKA_SESSION_TIMEOUT_MS: String(sessionMs),
}
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

/**
 * Runs that go on for as long as they are asked to, one in every partition: a server that joins late, after the stories
 * of a round have been told, still gets something to do.
 */
async function goingOn() {
  const told = new Map<number, { run: string; events: TrainerEvent[] }>()
  for (let i = 0; told.size < partitions; i++) {
    const run = `shared-going-on-${i}`
    const home = await stand.messaging.partitionOf(topics.trainerEvents, run)
    if (!told.has(home)) told.set(home, { run, events: [] })
  }
  const runs = [...told.values()]
  let step = -1
  const tellOneStep = async () => {
    const events = runs.map(({ run }) =>
      step < 0 ? aRun({ run, ranks: 1, cadence: 10 }) : losses(step, 0, { run }),
    )
    await stand.messaging.send(topics.trainerEvents, events.map(toMessage))
    events.forEach((event, i) => runs[i]!.events.push(event))
    step++
  }
  async function untilBothWork(first: StandServer, second: StandServer): Promise<void> {
    const atWork = async () => {
      await tellOneStep()
      return (await runsAt(first)) > 0 && (await runsAt(second)) > 0
    }
    await eventually(atWork, 'both servers at work')
  }
  // What was sent is in the log, and perhaps twice where an answer of Kafka was lost: only the log knows.
  const stories: Story[] = runs.map((one) => ({ ...one, senders: [one.events] }))
  return { stories, untilBothWork }
}

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
      () => sleep(second, sessionMs + 1000 + random.next() * 1500),
      () => sleep(first, sessionMs + 1000 + random.next() * 1500),
    ]
    const more = await goingOn()
    for (const [part, fault] of faults.entries()) {
      const told = stories.map(({ run, events }) => ({ run, events: partOf(events, part, faults.length) }))
      const reporting = report(stand.messaging, told, random, { pauseMs: 60 })
      await more.untilBothWork(first, second)
      await delay(random.next() * 500)
      await fault(random)
      await reporting
    }
    const was = await expectUndisturbed({
      stand,
      server: first,
      others: [second],
      stories: [...stories, ...more.stories],
    })
    console.log(`2 kills and 2 sleeps of one of two servers; ${was}`)
  })
})

/** Longer than its session: others take its partitions over, and it does not know until it wakes up. */
async function sleep(server: StandServer, ms: number): Promise<void> {
  server.process.kill('SIGSTOP')
  await delay(ms)
  server.process.kill('SIGCONT')
}
