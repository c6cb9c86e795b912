import { afterAll, beforeAll, describe } from 'vitest'
import { consumingContract } from './messaging.consuming.contract.js'
import { groupsContract } from './messaging.groups.contract.js'
import { sendingContract } from './messaging.sending.contract.js'
import type { Bench, MessagingHarness } from './messaging.support.js'
import { topicsContract } from './messaging.topics.contract.js'

/** The promises of messaging, the same for every adapter. */
export function messagingContract(name: string, factory: () => Promise<MessagingHarness>): void {
  // Long enough for `until`, and then some.
  describe(`messaging (${name})`, { timeout: 240_000 }, () => {
    let bench: Bench
    const get = () => bench

    beforeAll(async () => {
      const harness = await factory()
      bench = { harness, client: await harness.open() }
    })
    afterAll(async () => {
      await bench.client.stop()
      await bench.harness.close()
    })

    sendingContract(get)
    consumingContract(get)
    groupsContract(get)
    topicsContract(get)
  })
}
