import { afterAll, beforeAll, describe, it } from 'vitest'
import { expectUndisturbed } from '../support/aftermath.js'
import { report } from '../support/report.js'
import { seeded } from '../support/seeded.js'
import { startStand, type Stand } from '../support/stand.js'
import { storiesOf } from '../support/stories.js'

let stand: Stand
beforeAll(async () => (stand = await startStand()))
afterAll(() => stand.stop())

describe('nobody rings', () => {
  it('without any saga the decisions are the same, only later', async () => {
    const random = seeded(process.env['FAULT_SEED'])
    console.log(`FAULT_SEED=${random.seed}`)
    const server = await stand.startServer({ sagas: false, environment: { MIXDESK_PARTITIONS: '4' } })
    const stories = storiesOf('unrung', { steps: 80 })
    await report(stand.messaging, stories, random, { pauseMs: 20, pieces: 10 })
    const was = await expectUndisturbed({ stand, server, stories })
    console.log(`no sagas; ${was}`)
  })
})
