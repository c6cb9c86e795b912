import { expect, test } from 'vitest'
import { type Bench, consume, message, newTopic, texts, until } from './messaging.support.js'

export function groupsContract(bench: () => Bench): void {
  const everywhere = (from: number, to: number, partitions: number) =>
    Array.from({ length: (to - from) * partitions }, (_, n) =>
      message('run', `${n % partitions}-${from + Math.floor(n / partitions)}`, n % partitions),
    )

  test('two groups both see everything', async () => {
    const { client } = bench()
    const topic = await newTopic(client)
    const one = await consume(bench(), { topics: [topic] })
    const other = await consume(bench(), { topics: [topic] })
    await client.send(topic, everywhere(0, 4, 3))
    await until(() => one.seen.length === 12 && other.seen.length === 12, 'both have all')
    await Promise.all([one.consumer.stop(), other.consumer.stop()])
  })

  test('members come and go and nothing is lost; what a member keeps goes on where it was', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 4)
    const revoked: unknown[] = []
    const assigned: unknown[] = []
    const first = await consume(bench(), {
      topics: [topic],
      onAssigned: (assignment) => void assigned.push(assignment[topic]),
      onRevoked: (gone) => void revoked.push(gone[topic]),
    })
    await client.send(topic, everywhere(0, 5, 4))
    await until(() => first.seen.length === 20, 'the only member has all')
    expect(assigned).toEqual([[0, 1, 2, 3]])

    const second = await consume(bench(), { topics: [topic], group: first.group })
    const halves = () => [first, second].map(({ consumer }) => consumer.health().assignment[topic] ?? [])
    await until(() => halves().every((half) => half.length === 2), 'each has two partitions')
    const [kept = [], given = []] = halves()
    expect([...kept, ...given].sort()).toEqual([0, 1, 2, 3])
    expect(revoked).toEqual([given])
    expect(assigned).toEqual([[0, 1, 2, 3], kept])
    expect(await first.consumer.commit(topic, given[0] ?? -1, '1')).toBe(false)
    expect(await first.consumer.commit(topic, kept[0] ?? -1, '1')).toBe(true)
    // Nothing had been committed: the new owner begins at the beginning, the old one has no reason to.
    await until(() => second.seen.length === 10, 'the given ones come again to their new owner')
    await client.send(topic, everywhere(5, 10, 4))
    await until(() => first.seen.length + second.seen.length >= 50, 'all are there')
    for (const partition of kept)
      expect(texts(first.seen.filter((one) => one.partition === partition))).toEqual(
        Array.from({ length: 10 }, (_, n) => `${partition}-${n}`),
      )

    await second.consumer.stop()
    await until(() => halves()[0]?.length === 4, 'the first has all partitions again')
    await client.send(topic, everywhere(10, 12, 4))
    const all = () => new Set(texts([...first.seen, ...second.seen]))
    await until(() => all().size === 48, 'every message has been handled')
    await first.consumer.stop()
  })

  test('a handler that goes on while the group moves hears of it from heartbeat(), and that is not its fault', async () => {
    const { client } = bench()
    const topic = await newTopic(client, 2)
    await client.send(topic, everywhere(0, 1, 2))
    let thrown = 0
    let begun = 0
    const first = await consume(bench(), {
      topics: [topic],
      onBatch: async (batch) => {
        if (thrown > 0) return
        begun += 1
        try {
          while (thrown === 0) {
            await batch.heartbeat()
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
        } catch {
          thrown += 1
          throw new Error('something of the handler broke over it')
        }
      },
    })
    await until(() => begun === 2, 'both batches are in hand')
    const second = await consume(bench(), { topics: [topic], group: first.group })
    await until(
      () => new Set(texts([...first.seen, ...second.seen])).size === 2,
      'both are handled in the end',
    )
    expect(first.consumer.health().state).not.toBe('paused')
    await Promise.all([first.consumer.stop(), second.consumer.stop()])
  })

  test('a batch that takes longer than the session keeps its partition by heartbeats', async () => {
    const { client, harness } = bench()
    const topic = await newTopic(client, 1)
    await client.send(topic, everywhere(0, 1, 1))
    const assigned: unknown[] = []
    const { consumer, seen } = await consume(bench(), {
      topics: [topic],
      sessionTimeoutMs: harness.shortSessionMs,
      onAssigned: (assignment) => void assigned.push(assignment),
      onBatch: async (batch) => {
        const end = Date.now() + harness.shortSessionMs * 1.2
        while (Date.now() < end) {
          await batch.heartbeat()
          await new Promise((resolve) => setTimeout(resolve, harness.shortSessionMs / 50))
        }
        expect(batch.running()).toBe(true)
      },
    })
    await until(() => seen.length === 1, 'it is done')
    expect(await consumer.commit(topic, 0, '1')).toBe(true)
    expect(assigned).toHaveLength(1)
    await consumer.stop()
  })
}
