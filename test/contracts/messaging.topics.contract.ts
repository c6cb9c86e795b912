import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Bench, consume, message, newTopic, until } from './messaging.support.js'

export function topicsContract(bench: () => Bench): void {
  test('topics are created once, also by two at once, and differences are told', async () => {
    const { client, harness } = bench()
    const other = await harness.open()
    const kept = { topic: `test-${randomUUID()}`, partitions: 2, compacted: false }
    const compacted = { topic: `test-${randomUUID()}`, partitions: 1, compacted: true }
    const results = await Promise.all([
      client.ensureTopics([kept, compacted]),
      other.ensureTopics([kept, compacted]),
    ])
    expect(results.flatMap(({ created }) => created).sort()).toEqual([kept.topic, compacted.topic].sort())
    expect(results.flatMap(({ differences }) => differences)).toEqual([])
    const { created, differences } = await client.ensureTopics([
      { ...kept, partitions: 5, compacted: true },
      compacted,
    ])
    expect(created).toEqual([])
    expect(differences[0]).toBe(`${kept.topic} has 2 partitions instead of 5`)
    expect(differences[1]).toBe(`${kept.topic} has cleanup.policy=delete instead of compact`)
    await other.stop()
  })

  test('offsets grow with what is sent, and a key goes where partitionOf says', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 7)
    const { consumer, seen } = await consume(bench(), { topics: [topic] })
    for (const key of ['run-1', 'run-2', 'a longer name/of:a.run', 'ÿñ']) {
      await client.send(topic, [message(key, 'x')])
      await until(() => seen.some((one) => String(one.key) === key), `${key} is there`)
      expect(seen.find((one) => String(one.key) === key)?.partition).toBe(
        await client.partitionOf(topic, key),
      )
    }
    const offsets = await client.offsets(topic)
    expect(offsets).toHaveLength(7)
    expect(offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)).toBe(4)
    expect((await client.committed('test-of-nobody', topic)).map(({ offset }) => offset)).toEqual(
      Array(7).fill('-1'),
    )
    await consumer.stop()
  })

  test('a reader sees every message, or those of its keys, from the beginning or from now on', async () => {
    const { client } = bench()
    const topic = await newTopic(client)
    await client.send(topic, [message('one', '1'), message('two', '2'), message('one', null)])
    const seen: { [reader: string]: string[] } = { all: [], one: [], now: [] }
    const note =
      (name: string) =>
      ({ value }: { value: Uint8Array | null }) =>
        void seen[name]?.push(value === null ? 'null' : String(Buffer.from(value)))
    const readers = [
      client.reader({ topic, from: 'beginning', onMessage: note('all') }),
      client.reader({ topic, from: 'beginning', keys: ['one'], onMessage: note('one') }),
      client.reader({ topic, from: 'end', onMessage: note('now') }),
    ]
    for (const reader of readers) await reader.start()
    await client.send(topic, [message('one', '3'), message('two', '4')])
    await until(
      () => seen['all']?.length === 5 && seen['one']?.length === 3 && seen['now']?.length === 2,
      'all is read',
    )
    expect(seen['one']).toEqual(['1', 'null', '3'])
    expect(seen['now']?.sort()).toEqual(['3', '4'])
    await Promise.all(readers.map((reader) => reader.stop()))
    await client.send(topic, [message('one', '5')])
    expect(seen['all']).toHaveLength(5)
  })

  test('ping answers', async () => {
    // It waits for no more than some seconds, and a busy broker may take them.
    const answered = () =>
      bench()
        .client.ping()
        .then(
          () => true,
          () => false,
        )
    await until(answered, 'it answers')
  })
}
