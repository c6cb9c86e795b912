import { createMemoryMessaging, MemoryBroker } from '@mixdesk/messaging'
import { messagingContract } from './messaging.contract.js'

// Nothing is skipped: what only a real broker can do (codecs, a killed broker) is in messaging-kafka.spec.ts.
messagingContract('memory', () => {
  const broker = new MemoryBroker()
  return Promise.resolve({
    async open() {
      const client = createMemoryMessaging({ broker })
      await client.start()
      return client
    },
    shortSessionMs: 300,
    close: () => Promise.resolve(),
  })
})
