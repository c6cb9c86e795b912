import { createMemoryEventStore, type EventStore } from '@mixdesk/event-store'
import { createMemoryMessaging } from '@mixdesk/messaging'
import { expect, it, vi } from 'vitest'
import { createMetrics } from '../platform/metrics.js'
import { Relay } from './relay.js'
import { Wake } from './wake.js'

it('the relay of commands ends with its lease when that of facts fails: two of them would overtake one another', async () => {
  const ledger = createMemoryEventStore()
  let leases = 0
  let held = false
  let withoutLease = 0
  const store: EventStore = {
    ...ledger,
    async withLease(_name, work) {
      leases++
      held = true
      await work(new AbortController().signal).finally(() => (held = false))
      return true
    },
    pendingOutbox(limit) {
      if (!held) withoutLease++
      return ledger.pendingOutbox(limit)
    },
    readAll: (options) => (leases < 3 ? Promise.reject(new Error('not just now')) : ledger.readAll(options)),
  }
  const messaging = createMemoryMessaging()
  await Promise.all([ledger.start(), messaging.start()])
  const relay = new Relay(store, messaging, createMetrics(), new Wake())
  relay.start()
  await vi.waitFor(() => expect(leases).toBe(3), { timeout: 5000 })
  await relay.stop()
  expect(withoutLease).toBe(0)
})
