import { EventStoreError } from '@mixdesk/event-store'
import { describe, expect, it } from 'vitest'
import { append, unique, until } from './event-store.builders.js'
import type { Stores } from './event-store.contract.js'

export function leaseAndCursorContract(get: () => Stores): void {
  describe('the outbox', () => {
    it('keeps the order of each key, and a message until it is marked sent', async () => {
      const { store, other } = get()
      const keys = [unique('run'), unique('run'), unique('run')]
      const message = (key: string, value: string) => ({ topic: 't', key, headers: {}, value })
      await Promise.all(
        keys.map(async (key, n) => {
          for (let version = 0; version < 10; version += 1) {
            const outbox = [message(key, `${version}a`), message(key, `${version}b`)]
            await append(n % 2 ? store : other, key, version, { outbox })
          }
        }),
      )
      const expected = Array.from({ length: 10 }, (_, n) => [`${n}a`, `${n}b`]).flat()
      const pending = async () => (await other.pendingOutbox(100_000)).filter(({ key }) => keys.includes(key))
      for (const key of keys) {
        const values = (await pending()).filter((one) => one.key === key).map(({ value }) => value)
        expect(values).toEqual(expected)
      }
      const before = await pending()
      expect(await pending()).toEqual(before)
      await store.markSent(before.slice(0, 5).map(({ id }) => id))
      await store.markSent(before.slice(0, 5).map(({ id }) => id))
      await store.markSent([])
      expect(await pending()).toEqual(before.slice(5))
      expect(await other.pendingOutbox(2)).toHaveLength(2)
    })
  })

  describe('cursors', () => {
    it('move by compare-and-set', async () => {
      const { store, other } = get()
      const name = unique('cursor')
      expect(await store.loadCursor(name)).toBeUndefined()
      expect(await store.moveCursor(name, '1', '2')).toBe(false)
      expect(await store.moveCursor(name, undefined, '1')).toBe(true)
      expect(await other.moveCursor(name, undefined, '1')).toBe(false)
      expect(await other.moveCursor(name, '1', '2')).toBe(true)
      expect(await store.loadCursor(name)).toBe('2')
      const racers = Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? store : other).moveCursor(name, '2', `3-${n}`),
      )
      expect((await Promise.all(racers)).filter(Boolean)).toHaveLength(1)
    })
  })

  describe('leases', () => {
    it('are held by one at a time, and free again after the work', async () => {
      const { store, other } = get()
      const name = unique('relay')
      const inside: unknown[] = []
      const held = await store.withLease(name, async (lost) => {
        inside.push(lost.aborted, await other.withLease(name, fail), await store.withLease(name, fail))
        inside.push(await other.withLease(`${name}-2`, () => Promise.resolve()))
      })
      expect(held).toBe(true)
      expect(inside).toEqual([false, false, false, true])
      expect(await other.withLease(name, () => Promise.resolve())).toBe(true)
    })

    it('are free again after work that threw, and pass the error on', async () => {
      const { store, other } = get()
      const name = unique('relay')
      await expect(store.withLease(name, () => Promise.reject(new Error('ours')))).rejects.toThrow('ours')
      expect(await other.withLease(name, () => Promise.resolve())).toBe(true)
    })

    it('are lost when the store stops', async () => {
      const { harness, other } = get()
      const leaving = await harness.open()
      const name = unique('relay')
      const started = signal()
      const work = leaving.withLease(name, async (lost) => {
        started.fire()
        await aborted(lost)
        expect(lost.reason).toBeInstanceOf(EventStoreError)
      })
      await started.fired
      await leaving.stop()
      expect(await work).toBe(true)
      await until('the lease is free', () => other.withLease(name, () => Promise.resolve()))
    })

    it('are lost when the connection is, and somebody else may have them', async ({ skip }) => {
      const { store, other, harness } = get()
      skip(!harness.cutConnections, 'this adapter has no connections to lose')
      const name = unique('relay')
      const started = signal()
      const work = store.withLease(name, async (lost) => {
        started.fire()
        await aborted(lost)
      })
      await started.fired
      await harness.cutConnections?.()
      expect(await work).toBe(true)
      await until('the lease is free', () => other.withLease(name, () => Promise.resolve()))
    })
  })
}

const fail = () => Promise.reject(new Error('the lease was given twice'))

function signal(): { fire: () => void; fired: Promise<void> } {
  let fire: () => void = () => undefined
  const fired = new Promise<void>((resolve) => (fire = resolve))
  return {
    fire: () => {
      fire()
    },
    fired,
  }
}

async function aborted(lost: AbortSignal): Promise<void> {
  if (!lost.aborted) await new Promise((resolve) => lost.addEventListener('abort', resolve, { once: true }))
}
