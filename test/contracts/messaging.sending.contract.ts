import { expect, test } from 'vitest'
import { type Bench, consume, message, newTopic, texts, until } from './messaging.support.js'

export function sendingContract(bench: () => Bench): void {
  test('sends keep their order per key, though nobody waits for one before the next', async () => {
    const { client } = bench()
    const topic = await newTopic(client)
    const keys = ['a', 'b', 'c', 'd', 'e']
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => client.send(topic, [message(keys[n % 5] ?? '', String(n))])),
    )
    const { consumer, seen } = await consume(bench(), { topics: [topic] })
    await until(() => seen.length === 500, 'all 500 are there')
    for (const [index, key] of keys.entries()) {
      const expected = Array.from({ length: 100 }, (_, n) => String(n * 5 + index))
      expect(texts(seen.filter((one) => String(one.key) === key))).toEqual(expected)
    }
    await consumer.stop()
  })

  test('a send larger than one request arrives whole and in order', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 1)
    const padding = 'x'.repeat(2_000)
    await client.send(
      topic,
      Array.from({ length: 2_500 }, (_, n) => message('run', `${n} ${padding}`)),
    )
    const { consumer, seen } = await consume(bench(), { topics: [topic] })
    await until(() => seen.length === 2_500, 'all 2,500 are there')
    expect(texts(seen).map((text) => Number(text.split(' ')[0]))).toEqual(
      Array.from({ length: 2_500 }, (_, n) => n),
    )
    await consumer.stop()
  })

  test('values and headers are bytes, null is a tombstone, and 1 MiB passes', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 1)
    const bytes = Uint8Array.from([0, 255, 254, 128])
    const large = Buffer.alloc(1_048_576, 7)
    await client.send(topic, [
      { key: 'run', value: bytes, headers: { ce_type: 'mixdesk.x.v1', raw: bytes } },
      message('run', null),
      message('run', large),
    ])
    const { consumer, seen } = await consume(bench(), { topics: [topic] })
    await until(() => seen.length === 3, 'all three are there')
    expect(Buffer.from(seen[0]?.value ?? []).equals(bytes)).toBe(true)
    expect(String(seen[0]?.headers['ce_type'])).toBe('mixdesk.x.v1')
    expect(Buffer.from((seen[0]?.headers['raw'] ?? '') as Uint8Array).equals(bytes)).toBe(true)
    expect(seen[1]?.value).toBeNull()
    expect(Buffer.from(seen[2]?.value ?? []).equals(large)).toBe(true)
    expect(Number(seen[0]?.timestamp)).toBeGreaterThan(1_500_000_000_000)
    await consumer.stop()
  })

  test('a message that is too large is refused, and those beside it arrive', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 1)
    const results = await Promise.allSettled([
      client.send(topic, [message('run', 'before')]),
      client.send(topic, [message('run', Buffer.alloc(3_000_000))]),
      client.send(topic, [message('run', 'after')]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({
      code: 'too-large',
      retriable: false,
    })
    const { consumer, seen } = await consume(bench(), { topics: [topic] })
    await until(() => seen.length === 2, 'the other two are there')
    expect(texts(seen)).toEqual(['before', 'after'])
    await consumer.stop()
  })

  test('an unknown topic and a stopped client are refused by name', async () => {
    const { harness } = bench()
    const client = await harness.open()
    await expect(client.send('test-of-nobody', [message('run', 'x')])).rejects.toMatchObject({
      code: 'unknown-topic',
    })
    await client.stop()
    await expect(client.send('test-of-nobody', [message('run', 'x')])).rejects.toMatchObject({
      code: 'stopped',
    })
  })
}
