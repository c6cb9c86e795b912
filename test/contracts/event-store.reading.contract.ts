import type { LedgerEnvelope } from '@mixdesk/contracts'
import { describe, expect, it } from 'vitest'
import { annotated, append, checkpoint, fact, readOn, snapshotOf, unique } from './event-store.builders.js'
import type { Stores } from './event-store.contract.js'

export function readingContract(get: () => Stores): void {
  describe('reading', () => {
    it('gives a fact back as it was written, with its place', async () => {
      const { store, other } = get()
      const stream = unique('run')
      const event = annotated({ lr: 1e-4, nested: { list: [1, 'two', null] } })
      await store.commit({ stream, expectedVersion: 0, events: [event, fact(7)] })
      const [first, second] = await other.readStream(stream)
      expect(first).toMatchObject({ ...event, stream, version: 1 })
      expect(Date.parse(first?.recordedAt ?? '')).toBeGreaterThan(0)
      expect(second).not.toHaveProperty('occurredAt')
      expect(BigInt(second?.position ?? 0)).toBeGreaterThan(BigInt(first?.position ?? 0))
    })

    it('reads a part of a stream', async () => {
      const { store } = get()
      const stream = unique('run')
      await store.commit({
        stream,
        expectedVersion: 0,
        events: [fact(), annotated({}), fact(), annotated({}), fact()],
      })
      const versions = async (options: Parameters<typeof store.readStream>[1]) =>
        (await store.readStream(stream, options)).map(({ version }) => version)
      expect(await versions({ afterVersion: 2 })).toEqual([3, 4, 5])
      expect(await versions({ limit: 2 })).toEqual([1, 2])
      expect(await versions({ newestFirst: true, limit: 2 })).toEqual([5, 4])
      expect(await versions({ types: ['RunAnnotated'] })).toEqual([2, 4])
      expect(
        await versions({ types: ['RunAnnotated'], newestFirst: true, limit: 1, afterVersion: 1 }),
      ).toEqual([4])
      expect(await versions({ types: [] })).toEqual([])
      expect(await store.readStream(unique('run'))).toEqual([])
    })

    it('brings doubles back to the bit, in facts, snapshots and checkpoints', async () => {
      const { store, other } = get()
      const run = unique('run')
      const doubles = [
        1e-320,
        5e-324,
        1.7976931348623157e308,
        2.2250738585072014e-308,
        0.1 + 0.2,
        1 / 3,
        2 ** 53 + 2,
        -1e21,
      ]
      doubles.push(...randomDoubles(3000, 20310506))
      const state = JSON.stringify({ doubles })
      const snapshot = snapshotOf(run, 1, '1', { state })
      const checkpoints = [checkpoint(run, 1, 1, state)]
      await store.commit({
        stream: run,
        expectedVersion: 0,
        events: [annotated({ doubles })],
        snapshot,
        checkpoints,
      })
      const [stored] = await other.readStream(run)
      expect(bitsOf((stored?.data as unknown as { params: { doubles: number[] } }).params.doubles)).toEqual(
        bitsOf(doubles),
      )
      expect((await other.loadSnapshot(run))?.state).toBe(state)
      expect((await other.checkpointAtOrBefore(run, 1, 2))?.state).toBe(state)
    })

    it('keeps text of every kind', async () => {
      const { store } = get()
      const stream = unique('run-πρ/ö:')
      const params = {
        'ключ "quoted"': 'emoji 🎛️, NUL \0, lone \uD800, back\\slash, {"a"}, NULL, $1',
        __proto__x: "'; DROP TABLE",
      }
      const state = JSON.stringify(params)
      await store.commit({
        stream,
        expectedVersion: 0,
        events: [annotated(params)],
        snapshot: snapshotOf(stream, 1, '1', { state }),
      })
      expect((await store.readStream(stream))[0]?.data).toMatchObject({ params })
      expect((await store.loadSnapshot(stream))?.state).toBe(state)
    })

    it('cannot be changed through what was handed in or out', async () => {
      const { store } = get()
      const stream = unique('run')
      const params: { [key: string]: unknown } = { kept: true }
      await store.commit({ stream, expectedVersion: 0, events: [annotated(params)] })
      params['kept'] = false
      const [first] = await store.readStream(stream)
      Object.assign((first as LedgerEnvelope).data, { params: {} })
      expect((await store.readStream(stream))[0]?.data).toMatchObject({ params: { kept: true } })
    })

    it('reads the whole ledger in rising positions, each fact once, while many write', async () => {
      const { store, other } = get()
      const start = (await readOn(store, '0')).at(-1)?.position ?? '0'
      const streams = Array.from({ length: 12 }, () => unique('run'))
      let writing = true
      const written = Promise.all(
        streams.map(async (stream, n) => {
          for (let version = 0; version < 40; version += 1)
            await append(n % 2 ? store : other, stream, version)
        }),
      ).finally(() => (writing = false))
      const seen: LedgerEnvelope[] = []
      const readFurther = async () => seen.push(...(await readOn(other, seen.at(-1)?.position ?? start, 7)))
      while (writing) await readFurther()
      await written
      await readFurther()
      expect(new Set(seen.map(({ id }) => id)).size).toBe(streams.length * 40)
      expect(seen).toHaveLength(streams.length * 40)
      expect(seen.map(({ position }) => position)).toEqual(
        (await readOn(store, start)).map(({ position }) => position),
      )
      for (const stream of streams) {
        const versions = seen.filter((one) => one.stream === stream).map(({ version }) => version)
        expect(versions).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
      }
    })

    it('lists the snapshots of live runs in some partitions', async () => {
      const { store } = get()
      const partition = 1_000_000 + Math.floor(performance.now())
      const save = async (stream: string, more: { partition: number; live?: boolean }) => {
        await append(store, stream, 0, { snapshot: snapshotOf(stream, 1, '8', more) })
        return stream
      }
      const first = await save(unique('a'), { partition })
      await save(unique('b'), { partition, live: false })
      await save(unique('c'), { partition: partition + 1 })
      const last = await save(unique('d'), { partition: partition + 2 })
      const live = await store.liveSnapshots([partition, partition + 2])
      expect(live.map(({ stream }) => stream)).toEqual([first, last])
      expect(live[0]).toEqual({ stream: first, version: 1, partition, cursor: '8', live: true })
      expect(await store.liveSnapshots([])).toEqual([])
    })

    it('finds the checkpoint to come back to', async () => {
      const { store } = get()
      const run = unique('run')
      const places = [
        [1, 10],
        [1, 20],
        [2, 20],
        [2, 15],
        [3, 30],
      ] as const
      const checkpoints = places.map(([attempt, step]) => checkpoint(run, attempt, step))
      await append(store, run, 0, { checkpoints })
      const found = async (step: number, beforeAttempt: number) => {
        const best = await store.checkpointAtOrBefore(run, step, beforeAttempt)
        return best && [best.attempt, best.step]
      }
      expect(await found(20, 9)).toEqual([2, 20])
      expect(await found(20, 2)).toEqual([1, 20])
      expect(await found(19, 9)).toEqual([2, 15])
      expect(await found(14, 9)).toEqual([1, 10])
      expect(await found(9, 9)).toBeUndefined()
      expect(await found(99, 1)).toBeUndefined()
      await append(store, run, 1, {
        checkpoints: [checkpoint(run, 1, 10, '"old"'), { run, attempt: 1, step: 10, state: '"new"' }],
      })
      expect(await store.checkpointAtOrBefore(run, 10, 9)).toEqual({
        run,
        attempt: 1,
        step: 10,
        state: '"new"',
      })
    })
  })
}

const bitsOf = (doubles: readonly number[]) =>
  [...new BigUint64Array(Float64Array.from(doubles).buffer)].map(String)

/** Finite doubles of every magnitude: random bit patterns (mulberry32). */
function randomDoubles(count: number, seed: number): number[] {
  const words = new Uint32Array(2)
  const doubles: number[] = []
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  while (doubles.length < count) {
    words.set([next(), next()])
    const double = new Float64Array(words.buffer)[0] ?? 0
    if (Number.isFinite(double)) doubles.push(double)
  }
  return doubles
}
