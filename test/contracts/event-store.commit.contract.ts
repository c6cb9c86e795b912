import { EventStoreError, type Commit } from '@mixdesk/event-store'
import { describe, expect, it } from 'vitest'
import { append, checkpoint, fact, runRow, snapshotOf, unique } from './event-store.builders.js'
import type { Stores } from './event-store.contract.js'

export function commitContract(get: () => Stores): void {
  describe('commits', () => {
    it('appends where the stream stands, and says where it stands then', async () => {
      const { store } = get()
      const stream = unique('run')
      expect(await append(store, stream, 0)).toEqual({ kind: 'committed', version: 1 })
      const two = await store.commit({ stream, expectedVersion: 1, events: [fact(2), fact(3)] })
      expect(two).toEqual({ kind: 'committed', version: 3 })
      expect((await store.readStream(stream)).map(({ version }) => version)).toEqual([1, 2, 3])
    })

    it('answers a wrong expectation with the version the stream has', async () => {
      const { store, other } = get()
      const stream = unique('run')
      expect(await append(store, stream, 4)).toEqual({ kind: 'conflict', actualVersion: 0 })
      await append(store, stream, 0)
      expect(await append(other, stream, 0)).toEqual({ kind: 'conflict', actualVersion: 1 })
      expect(await append(other, stream, 2)).toEqual({ kind: 'conflict', actualVersion: 1 })
      expect(await store.readStream(stream)).toHaveLength(1)
    })

    it('lets exactly one of twenty concurrent writers win each version', async () => {
      const { store, other } = get()
      const stream = unique('run')
      for (let version = 0; version < 10; version += 1) {
        const writers = Array.from({ length: 20 }, (_, n) => append(n % 2 ? store : other, stream, version))
        const results = await Promise.all(writers)
        expect(results.filter(({ kind }) => kind === 'committed')).toHaveLength(1)
        for (const result of results)
          if (result.kind === 'conflict') expect(result.actualVersion).toBe(version + 1)
      }
      expect(await store.readStream(stream)).toHaveLength(10)
    })

    it('answers a repeated commit with a conflict, and doubles nothing', async () => {
      const { store, other } = get()
      const run = unique('run')
      const commit = whole(run, 0)
      expect(await store.commit(commit)).toMatchObject({ kind: 'committed', version: 1 })
      const repeats = await Promise.all([store.commit(commit), other.commit(commit), store.commit(commit)])
      for (const repeat of repeats) expect(repeat).toEqual({ kind: 'conflict', actualVersion: 1 })
      expect(await store.readStream(run)).toHaveLength(1)
      expect(await messagesOf(get(), run)).toHaveLength(1)
    })

    it('refuses an event id that the ledger has, wherever it is', async () => {
      const { store } = get()
      const taken = fact()
      await store.commit({ stream: unique('run'), expectedVersion: 0, events: [taken] })
      const repeated = store.commit({ stream: unique('run'), expectedVersion: 0, events: [taken] })
      await expect(repeated).rejects.toMatchObject({ code: 'duplicate-id', retriable: false })
      const twins = store.commit({
        stream: unique('run'),
        expectedVersion: 0,
        events: [fact(1, 'twin'), fact(2, 'twin')],
      })
      await expect(twins).rejects.toBeInstanceOf(EventStoreError)
    })

    it('leaves nothing of a commit that fails', async () => {
      const { store } = get()
      const taken = fact()
      await store.commit({ stream: unique('run'), expectedVersion: 0, events: [taken] })
      const run = unique('run')
      const failing = store.commit({ ...whole(run, 0), events: [fact(1), taken] })
      await expect(failing).rejects.toMatchObject({ code: 'duplicate-id' })
      await expectNothingOf(run)
      expect(await store.commit({ ...whole(run, 7) })).toEqual({ kind: 'conflict', actualVersion: 0 })
      await expectNothingOf(run)
      expect(await store.commit(whole(run, 0))).toMatchObject({ kind: 'committed', version: 1 })
    })

    it('says under which ids its outbox messages are pending, in their order', async () => {
      const { store } = get()
      const run = unique('run')
      const outbox = ['1', '2', '3'].map((value) => ({ topic: 't', key: run, headers: {}, value }))
      const result = await store.commit({ stream: run, expectedVersion: 0, events: [fact()], outbox })
      const pending = (await store.pendingOutbox(1000)).filter(({ key }) => key === run)
      expect(pending.map(({ value }) => value)).toEqual(['1', '2', '3'])
      expect(result).toMatchObject({ kind: 'committed', outboxIds: pending.map(({ id }) => id) })
    })

    it('keeps what a commit carries, together', async () => {
      const { store, other } = get()
      const run = unique('run')
      const { snapshot, checkpoints } = whole(run, 0)
      await store.commit(whole(run, 0))
      expect(await other.loadSnapshot(run)).toEqual(snapshot)
      expect(await other.checkpointAtOrBefore(run, 9, 2)).toEqual(checkpoints?.[0])
      expect(await other.findRun(run)).toMatchObject(runRow(run))
      expect(await messagesOf(get(), run)).toMatchObject([
        { topic: 't', headers: { ce_id: 'é' }, value: '{"a":1}' },
      ])
    })

    it('moves a cursor only forward', async () => {
      const { store } = get()
      const stream = unique('run')
      const at = (cursor: string, expectedVersion: number, events: Commit['events'] = []) =>
        store.commit({
          stream,
          expectedVersion,
          events,
          snapshot: snapshotOf(stream, expectedVersion, cursor),
        })
      expect(await at('9', 0)).toEqual({ kind: 'committed', version: 0 })
      expect(await at('10', 0)).toEqual({ kind: 'committed', version: 0 })
      expect(await at('10', 0)).toEqual({ kind: 'conflict', actualVersion: 0 })
      expect(await at('2', 0)).toEqual({ kind: 'conflict', actualVersion: 0 })
      expect(await at('2', 0, [fact()])).toEqual({ kind: 'conflict', actualVersion: 0 })
      expect(await at('10', 0, [fact()])).toEqual({ kind: 'committed', version: 1 })
      expect(await at('11', 0)).toEqual({ kind: 'conflict', actualVersion: 1 })
      expect(await at('9007199254740993', 1)).toEqual({ kind: 'committed', version: 1 })
      expect(await store.loadSnapshot(stream)).toMatchObject({ cursor: '9007199254740993', version: 1 })
    })

    it('lets one of several that move a cursor to the same place win', async () => {
      const { store, other } = get()
      const stream = unique('run')
      await append(store, stream, 0, { snapshot: snapshotOf(stream, 1, '1') })
      const move = (n: number) => {
        const snapshot = snapshotOf(stream, 1, '2')
        return (n % 2 ? store : other).commit({ stream, expectedVersion: 1, events: [], snapshot })
      }
      const results = await Promise.all(Array.from({ length: 8 }, (_, n) => move(n)))
      expect(results.filter(({ kind }) => kind === 'committed')).toHaveLength(1)
    })

    it('says what is wrong with a commit that no store could write', async () => {
      const { store } = get()
      const stream = unique('run')
      const wrong: Partial<Commit>[] = [
        { expectedVersion: -1 },
        { snapshot: snapshotOf('another', 0, '1') },
        { snapshot: snapshotOf(stream, 1, '1'), events: [] },
        { snapshot: snapshotOf(stream, 1, '-1') },
      ]
      for (const part of wrong)
        await expect(append(store, stream, 0, part)).rejects.toMatchObject({ code: 'invalid' })
    })
  })

  async function expectNothingOf(run: string): Promise<void> {
    const { other } = get()
    expect(await other.readStream(run)).toEqual([])
    expect(await other.loadSnapshot(run)).toBeUndefined()
    expect(await other.checkpointAtOrBefore(run, 100, 100)).toBeUndefined()
    expect(await other.findRun(run)).toBeUndefined()
    expect(await messagesOf(get(), run)).toEqual([])
  }
}

/** A commit with one of everything. */
function whole(run: string, expectedVersion: number): Commit {
  return {
    stream: run,
    expectedVersion,
    events: [fact(1, `${run}-1`)],
    outbox: [{ topic: 't', key: run, headers: { ce_id: 'é' }, value: '{"a":1}' }],
    snapshot: snapshotOf(run, expectedVersion + 1, '5'),
    checkpoints: [checkpoint(run, 1, 5)],
    run: runRow(run),
  }
}

async function messagesOf({ store }: Stores, key: string) {
  return (await store.pendingOutbox(100_000)).filter((message) => message.key === key)
}
