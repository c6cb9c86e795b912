import type { EventStore } from '@mixdesk/event-store'
import { afterAll, beforeAll, describe } from 'vitest'
import { commitContract } from './event-store.commit.contract.js'
import { leaseAndCursorContract } from './event-store.lease.contract.js'
import { readingContract } from './event-store.reading.contract.js'
import { runsContract } from './event-store.runs.contract.js'

/** What a suite needs of an adapter: a database, and processes that share it. */
export type EventStoreHarness = {
  /** Another store over the same database, started. */
  open(): Promise<EventStore>
  /** Ends every connection from the far side; absent where there are none to end. */
  cutConnections?(): Promise<void>
  close(): Promise<void>
}

export type Stores = {
  readonly store: EventStore
  readonly other: EventStore
  readonly harness: EventStoreHarness
}

/** The promises of an event store, the same for every adapter. */
export function eventStoreContract(name: string, factory: () => Promise<EventStoreHarness>): void {
  describe(`an event store (${name})`, () => {
    let stores: Stores
    const get = () => stores

    beforeAll(async () => {
      const harness = await factory()
      stores = { harness, store: await harness.open(), other: await harness.open() }
    })
    afterAll(async () => {
      await stores.store.stop()
      await stores.other.stop()
      await stores.harness.close()
    })

    commitContract(get)
    readingContract(get)
    leaseAndCursorContract(get)
    runsContract(get)
  })
}
