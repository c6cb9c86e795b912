import { MemoryLedger, createMemoryEventStore } from '@mixdesk/event-store'
import { eventStoreContract } from './event-store.contract.js'

eventStoreContract('memory', () => {
  const ledger = new MemoryLedger()
  return Promise.resolve({
    async open() {
      const store = createMemoryEventStore({ ledger })
      await store.start()
      return store
    },
    close: () => Promise.resolve(),
  })
})
