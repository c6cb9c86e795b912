import { limits, topics, typeOf } from '@mixdesk/contracts'
import type { OutgoingMessage } from '@mixdesk/messaging'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectUndisturbed } from '../support/aftermath.js'
import { applied, losses } from '../support/facts.js'
import { poisonHeader } from '../support/log.js'
import { partOf, report } from '../support/report.js'
import { seeded } from '../support/seeded.js'
import { startStand, type Stand } from '../support/stand.js'
import { storiesOf, type Story } from '../support/stories.js'

let stand: Stand
beforeAll(async () => (stand = await startStand()))
afterAll(() => stand.stop())

const partitions = 4
const environment = { MIXDESK_PARTITIONS: String(partitions) }

/** Runs of which every partition has one. */
async function storiesEverywhere(): Promise<Story[]> {
  for (let attempt = 0; ; attempt++) {
    const stories = storiesOf(`poisoned-${attempt}`, { steps: 60 })
    const homes = stories.map(({ run }) => stand.messaging.partitionOf(topics.trainerEvents, run))
    if (new Set(await Promise.all(homes)).size === partitions) return stories
  }
}

/** What nobody can use, for one partition. */
function poisonFor(partition: number, { run, events }: Story): OutgoingMessage[] {
  const of = (name: string, value: OutgoingMessage['value'], key = run): OutgoingMessage => ({
    key,
    partition,
    headers: {
      ce_type: typeOf(name),
      ce_id: 'poison',
      ce_source: 'test',
      ce_specversion: '1.0',
      [poisonHeader]: 'yes',
    },
    value,
  })
  const sound = losses(3, 0, { run }).data
  const unreadable = [
    of('losses.measured', '{"run": '),
    of('losses.measured', new Uint8Array([0xff, 0xfe, 0x00])),
    of('losses.measured', null),
    of('losses.measured', JSON.stringify({ ...sound, tokens: 'many' })),
    of('losses.measured', JSON.stringify({ ...sound, step: -1 })),
    of('losses.guessed', '{}'),
    of('losses.measured', JSON.stringify(losses(0, 0, { run: 'nobody' }).data), 'nobody'),
    of('losses.measured', JSON.stringify({ padding: 'x'.repeat(1.5 * limits.messageBytes) })),
    of('losses.measured', JSON.stringify({ ...sound, run: 'another' })),
  ]
  // Of an attempt that is over these are not poison, just late.
  if (events.some(({ name }) => name === 'run.resumed')) return unreadable
  return [
    ...unreadable,
    of('losses.measured', JSON.stringify({ ...sound, tokens: [1], lossSum: [1] })),
    of('mixture.applied', JSON.stringify(applied(99_999, 0, { run }).data)),
  ]
}

describe('poison in the middle of every partition', () => {
  it('ends among the dead letters, each once and no other, and nothing around it is touched', async () => {
    const random = seeded(process.env['FAULT_SEED'])
    console.log(`FAULT_SEED=${random.seed}`)
    const server = await stand.startServer({ environment })
    const stories = await storiesEverywhere()
    const parts = 3
    let poisoned = 0
    for (let part = 0; part < parts; part++) {
      const told = stories.map(({ run, events }) => ({ run, events: partOf(events, part, parts) }))
      const reporting = report(stand.messaging, told, random, { pauseMs: 20, pieces: 10 })
      if (part === 1)
        for (const story of stories) {
          const home = await stand.messaging.partitionOf(topics.trainerEvents, story.run)
          for (const message of poisonFor(home, story)) {
            await stand.messaging.send(topics.trainerEvents, [message])
            poisoned++
          }
        }
      await reporting
    }
    expect(poisoned).toBeGreaterThan(50)
    const was = await expectUndisturbed({ stand, server, stories })
    console.log(`${poisoned} poisoned messages over ${partitions} partitions; ${was}`)
  })
})
