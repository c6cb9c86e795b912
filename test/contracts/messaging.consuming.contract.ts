import { expect, test } from 'vitest'
import {
  type Bench,
  committedAt,
  consume,
  message,
  newTopic,
  retriable,
  texts,
  until,
} from './messaging.support.js'

export function consumingContract(bench: () => Bench): void {
  const numbered = (from: number, to: number, partition = 0) =>
    Array.from({ length: to - from }, (_, n) => message('run', String(from + n), partition))

  test('a batch says where it ends and how much there is', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 1)
    await client.send(topic, numbered(0, 20))
    let next = 0n
    const { consumer, seen } = await consume(bench(), {
      topics: [topic],
      onBatch: async (batch) => {
        expect(batch.messages[0]?.offset).toBe(String(next))
        next += BigInt(batch.messages.length)
        expect(batch.nextOffset).toBe(String(next))
        expect(batch.highWatermark).toBe('20')
        expect(batch.running()).toBe(true)
        await batch.heartbeat()
      },
    })
    await until(() => seen.length === 20, 'all are there')
    expect(consumer.health()).toEqual({ state: 'running', assignment: { [topic]: [0] } })
    await consumer.stop()
    expect(consumer.health()).toEqual({ state: 'stopped', assignment: {} })
  })

  test('only commit() commits, and a restart begins there, though the session had gone on past it', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 1)
    await client.send(topic, numbered(0, 10))
    const first = await consume(bench(), { topics: [topic] })
    await until(() => first.seen.length === 10, 'the first ten are there')
    expect(await committedAt(client, first.group, topic)).toBe('-1')
    expect(await first.consumer.commit(topic, 0, '4')).toBe(true)
    expect(await committedAt(client, first.group, topic)).toBe('4')
    await client.send(topic, numbered(10, 12))
    await until(() => first.seen.length >= 12, 'two more are there')
    expect(texts(first.seen)).toEqual(Array.from({ length: 12 }, (_, n) => String(n)))
    await first.consumer.stop()

    const second = await consume(bench(), { topics: [topic], group: first.group })
    await until(() => second.seen.length >= 8, 'what was not committed is there again')
    expect(texts(second.seen)).toEqual(['4', '5', '6', '7', '8', '9', '10', '11'])
    await second.consumer.stop()
  })

  test('a retriable failure brings the same batch again, and other partitions need not wait', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 2)
    await client.send(topic, [...numbered(0, 3, 0), ...numbered(0, 3, 1)])
    let otherSeen = false
    const tries: string[] = []
    const { consumer, seen } = await consume(bench(), {
      topics: [topic],
      onBatch: (batch) => {
        if (batch.partition === 1) otherSeen = true
        // It fails until the other has come, and at least three times.
        if (batch.partition === 1 || (tries.length >= 3 && otherSeen)) return Promise.resolve()
        tries.push(batch.messages[0]?.offset ?? '')
        return Promise.reject(retriable('the database is away'))
      },
    })
    await until(() => seen.length === 6, 'all came through')
    expect(new Set(tries)).toEqual(new Set(['0']))
    expect(texts(seen.filter(({ partition }) => partition === 0))).toEqual(['0', '1', '2'])
    expect(consumer.health().state).toBe('running')
    await consumer.stop()
  })

  test('any other failure pauses that partition alone, says why, and leaves the offset', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 2)
    await client.send(topic, [...numbered(0, 3, 0), ...numbered(0, 3, 1)])
    let tries = 0
    const { consumer, seen, group } = await consume(bench(), {
      topics: [topic],
      onBatch: async (batch) => {
        if (batch.partition === 1) return
        tries += 1
        if (tries === 1) throw new TypeError('weights is not iterable')
        await Promise.resolve()
      },
    })
    await until(
      () => seen.length === 3 && consumer.health().state === 'paused',
      'one is paused, the other done',
    )
    expect(consumer.health().because).toBe(`${topic}/0: weights is not iterable`)
    await client.send(topic, [...numbered(3, 4, 0), ...numbered(3, 4, 1)])
    await until(() => seen.length === 4, 'the other goes on')
    expect(tries).toBe(1)
    expect(await committedAt(client, group, topic)).toBe('-1')
    // Someone has mended it and asks for it again.
    consumer.seek(topic, 0, '0')
    await until(() => seen.length === 8, 'the paused one goes on too')
    expect(consumer.health().state).toBe('running')
    await consumer.stop()
  })

  test('seek reads again from there', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 1)
    await client.send(topic, numbered(0, 5))
    const { consumer, seen } = await consume(bench(), { topics: [topic] })
    await until(() => seen.length === 5, 'all are there')
    consumer.seek(topic, 0, '3')
    await until(() => seen.length === 7, 'two are there again')
    expect(texts(seen)).toEqual(['0', '1', '2', '3', '4', '3', '4'])
    await consumer.stop()
  })

  test('a group that begins at the end sees what is sent once it has started, and nothing from before', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 2)
    await client.send(topic, [...numbered(0, 3, 0), ...numbered(0, 3, 1)])
    const { consumer, seen } = await consume(bench(), { topics: [topic], from: 'end' })
    await client.send(topic, [...numbered(3, 4, 0), ...numbered(3, 4, 1)])
    await until(() => seen.length >= 2, 'the new ones are there')
    expect(texts(seen)).toEqual(['3', '3'])
    await consumer.stop()
  })

  test('onAssigned ends before the first batch, and stop() lets onRevoked commit', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 2)
    await client.send(topic, numbered(0, 5))
    const told: unknown[] = []
    let ready = false
    const { consumer, seen, group } = await consume(bench(), {
      topics: [topic],
      onAssigned: async (assignment) => {
        told.push(['assigned', assignment])
        await new Promise((resolve) => setTimeout(resolve, 100))
        ready = true
      },
      onBatch: () => {
        expect(ready).toBe(true)
        return Promise.resolve()
      },
      onRevoked: async (revoked) => {
        told.push(['revoked', revoked, await consumer.commit(topic, 0, '5')])
      },
    })
    await until(() => seen.length === 5, 'all are there')
    await consumer.stop()
    expect(told).toEqual([
      ['assigned', { [topic]: [0, 1] }],
      ['revoked', { [topic]: [0, 1] }, true],
    ])
    expect(await committedAt(client, group, topic)).toBe('5')
    expect(await consumer.commit(topic, 0, '5')).toBe(false)
  })

  test('stop waits for the batch in hand, which learns of it', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 1)
    await client.send(topic, numbered(0, 1))
    let state = 'none'
    const { consumer } = await consume(bench(), {
      topics: [topic],
      onBatch: async (batch) => {
        state = 'begun'
        await until(() => !batch.running(), 'it is told to end')
        state = 'ended'
      },
    })
    await until(() => state === 'begun', 'the batch has begun')
    await consumer.stop()
    expect(state).toBe('ended')
  })
}
