import { topicSettings, topics } from '@mixdesk/contracts'
import { createMemoryEventStore, type EventStore } from '@mixdesk/event-store'
import { createMemoryMessaging, type Messaging } from '@mixdesk/messaging'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMetrics } from '../platform/metrics.js'
import { Relay } from './relay.js'
import { Wake } from './wake.js'

// How long anything here takes says nothing: a busy machine may stand still for a while at any line.
vi.setConfig({ testTimeout: 180_000 })
const eventually = (look: () => void | Promise<void>) => vi.waitFor(look, 60_000)

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
  await eventually(() => expect(leases).toBe(3))
  await relay.stop()
  expect(withoutLease).toBe(0)
})

describe('what is handed over', () => {
  const run = 'run-1'
  const command = (version: number) => ({
    topic: topics.trainerCommands,
    key: run,
    headers: {},
    value: String(version),
  })
  let store: EventStore
  let messaging: Messaging
  let wake: Wake
  let relay: Relay
  let reads: number
  /** Whether a look at the outbox finds nothing, whatever is there. */
  let blind: boolean
  let sent: string[]

  /** Commits a command, as a desk does, and hands it over or not. */
  async function commit(version: number, handOver: boolean): Promise<void> {
    const outbox = [command(version)]
    const result = await store.commit({
      stream: run,
      expectedVersion: version - 1,
      events: [fact(version)],
      outbox,
    })
    if (result.kind !== 'committed') throw new Error('conflict')
    wake.ring(handOver ? outbox.map((message, i) => ({ ...message, id: result.outboxIds![i]! })) : undefined)
  }
  const fact = (version: number) => ({
    type: 'RunFinished' as const,
    id: `fact-${version}`,
    schemaVersion: 1,
    data: { run, project: 'p', attempt: 1, step: 1, status: 'completed' as const },
  })

  beforeEach(async () => {
    const memory = createMemoryEventStore()
    reads = 0
    blind = false
    sent = []
    store = {
      ...memory,
      pendingOutbox(limit) {
        reads++
        return blind ? Promise.resolve([]) : memory.pendingOutbox(limit)
      },
    }
    const plain = createMemoryMessaging()
    messaging = {
      ...plain,
      async send(topic, messages) {
        await plain.send(topic, messages)
        if (topic === topics.trainerCommands) sent.push(...messages.map(({ value }) => String(value)))
      },
    }
    await Promise.all([store.start(), messaging.start()])
    await messaging.ensureTopics(topicSettings.map((topic) => ({ ...topic, partitions: 1 })))
    wake = new Wake()
    relay = new Relay(store, messaging, createMetrics(), wake)
  })
  afterEach(async () => {
    await relay.stop()
    await store.stop()
  })

  it('is sent without being read back, once, and then leaves the outbox', async () => {
    relay.start()
    await eventually(() => expect(reads).toBeGreaterThan(0))
    blind = true
    await commit(1, true)
    await eventually(() => expect(sent).toEqual(['1']))
    blind = false
    await eventually(async () => expect(await store.pendingOutbox(10)).toEqual([]))
    const looks = reads
    await eventually(() => expect(reads).toBeGreaterThan(looks + 2))
    expect(sent).toEqual(['1'])
  })

  it('comes after what was committed before it and was not handed over', async () => {
    await commit(1, false)
    relay.start()
    await commit(2, false)
    await commit(3, true)
    await commit(4, true)
    await eventually(() => expect(sent).toEqual(['1', '2', '3', '4']))
  })

  it('waits for a look at the outbox when both came before the relay had its turn', async () => {
    relay.start()
    await eventually(() => expect(reads).toBeGreaterThan(0))
    // A look on its own account would find both, in their order.
    blind = true
    const ring = vi.spyOn(wake, 'ring').mockImplementation(() => undefined)
    await commit(1, false)
    await commit(2, true)
    const rung = [...ring.mock.calls]
    ring.mockRestore()
    blind = false
    for (const [committed] of rung) wake.ring(committed)
    await eventually(() => expect(sent).toEqual(['1', '2']))
  })

  it('is not kept where no relay listens', () => {
    wake.ring([{ ...command(1), id: '1' }])
    expect(wake.take()).toEqual({ handedOver: [], more: false })
  })
})
