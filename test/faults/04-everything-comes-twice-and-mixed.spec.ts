import { topics } from '@mixdesk/contracts'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { expectUndisturbed } from '../support/aftermath.js'
import { asRanksWould, byRank, deliveredTwice } from '../support/disorder.js'
import { report } from '../support/report.js'
import { seeded, type Seeded } from '../support/seeded.js'
import { startStand, type Stand } from '../support/stand.js'
import { storiesOf, type Story } from '../support/stories.js'
import { openKafka, toMessage } from '../support/trainer.js'

let stand: Stand
beforeAll(async () => (stand = await startStand()))
afterAll(() => stand.stop())

const environment = { MIXDESK_PARTITIONS: '4' }

describe('everything comes twice, and ranks overtake each other', () => {
  it('decides by what came first, whatever the order; and by the log where producers race', async () => {
    const random = seeded(process.env['FAULT_SEED'])
    console.log(`FAULT_SEED=${random.seed}`)
    const server = await stand.startServer({ environment })
    const mixed = storiesOf('mixed', { steps: 60 }).map(({ run, events }) => ({
      run,
      events: deliveredTwice(asRanksWould(events, random), random),
    }))
    const racing = storiesOf('racing', { steps: 60 })
      .filter(({ run }) => run.endsWith('-overridden') || run.endsWith('-scheduled'))
      .map(({ run, events }) => ({ run, events, senders: byRank(events) }))
    await Promise.all([
      report(stand.messaging, mixed, random, { pauseMs: 10, pieces: 40 }),
      ...racing.map((story) => race(story, random)),
    ])
    const was = await expectUndisturbed({ stand, server, stories: [...mixed, ...racing] })
    console.log(`every message of ${mixed.length} runs twice and mixed, ${racing.length} runs raced; ${was}`)
  })
})

/** Each rank sends by a producer of its own, as fast as it can: who comes first is Kafka's to say. */
async function race({ run, senders }: Story, random: Seeded): Promise<void> {
  const clients = senders!.map((_, rank) => openKafka(stand.brokers, `rank-${rank}`))
  await Promise.all(clients.map((client) => client.start()))
  // The others wait for the start, as ranks do.
  await clients[0]!.send(topics.trainerEvents, [toMessage(senders![0]![0]!)])
  await Promise.all(
    clients.map((client, rank) =>
      report(client, [{ run, events: senders![rank]!.slice(rank === 0 ? 1 : 0) }], random, { pauseMs: 5 }),
    ),
  )
  await Promise.all(clients.map((client) => client.stop()))
}
