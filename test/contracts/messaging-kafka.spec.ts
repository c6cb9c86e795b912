import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engines, startEngines } from '@mixdesk/engines'
import { createKafkaMessaging, type ProducerOptions } from '@mixdesk/messaging'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messagingContract } from './messaging.contract.js'
import { librdkafkaBatches, librdkafkaCount } from './messaging.librdkafka-batches.js'
import { type Bench, consume, message, newTopic, texts, until } from './messaging.support.js'

let home: string
let engines: Engines
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'messaging-'))
  engines = await startEngines({ home, need: ['kafka'] })
})
afterAll(async () => {
  await engines.stop()
  await rm(home, { recursive: true, force: true })
})

const bench = async (producer: ProducerOptions = {}): Promise<Bench> => {
  const open = async () => {
    const client = createKafkaMessaging({
      brokers: engines.endpoints.kafka.brokers,
      clientId: 'test',
      producer,
    })
    await client.start()
    return client
  }
  const harness = { open, shortSessionMs: 15_000, close: () => Promise.resolve() }
  return { harness, client: await open() }
}

messagingContract('Kafka', async () => {
  const { harness, client } = await bench()
  await client.stop()
  return harness
})

describe('messaging (Kafka alone)', { timeout: 240_000 }, () => {
  test.each(['gzip', 'snappy', 'lz4'] as const)('what is sent with %s is read again', async (compression) => {
    const own = await bench({ compression })
    const topic = await newTopic(own.client, 1)
    const sent = Array.from({ length: 200 }, (_, n) => `${n} ${'loss '.repeat(n)}`)
    await own.client.send(
      topic,
      sent.map((text) => message('run', text)),
    )
    const { seen } = await consume(own, { topics: [topic] })
    await until(() => seen.length === 200, 'all are there')
    expect(texts(seen)).toEqual(sent)
    await own.client.stop()
  })

  test.each(['lz4', 'snappy', 'zstd'] as const)('a batch of librdkafka in %s is read', async (codec) => {
    const own = await bench()
    const topic = await newTopic(own.client, 1)
    await sendRecorded(topic, codec)
    const { seen } = await consume(own, { topics: [topic] })
    await until(() => seen.length === librdkafkaCount, 'all are there')
    for (const [n, { key, value, headers }] of seen.entries()) {
      expect(String(key)).toBe(`run-${n % 4}`)
      expect(String(headers['ce_type'])).toBe('mixdesk.losses.measured.v1')
      const lossSum = Array.from({ length: 12 }, (_, domain) => n * 0.5 + domain)
      expect(JSON.parse(String(value))).toEqual({ step: n, rank: 0, lossSum, tokens: Array(12).fill(4096) })
    }
    await own.client.stop()
  })

  test('a killed broker comes back: senders and consumers go on by themselves, nothing lost, order kept', async () => {
    // Patient, for a busy machine takes its time to bring a broker back.
    const own = await bench({ deliveryTimeoutMs: 180_000 })
    const topic = await newTopic(own.client, 2)
    const sessionTimeoutMs = own.harness.shortSessionMs
    const { consumer, seen, group } = await consume(own, { topics: [topic], sessionTimeoutMs })
    const read: string[] = []
    const reader = own.client.reader({
      topic,
      from: 'beginning',
      onMessage: ({ value }) => void read.push(String(value)),
    })
    await reader.start()
    const accepted: string[] = []
    let sending = true
    const sender = (async () => {
      for (let n = 0; sending; n += 1) {
        await own.client.send(topic, [message('run', String(n), n % 2)])
        accepted.push(String(n))
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })()
    await until(() => accepted.length > 100 && seen.length > 50, 'messages flow')
    await engines.kafka?.kill()
    const before = accepted.length
    await expect(own.client.ping()).rejects.toMatchObject({ code: 'unavailable', retriable: true })
    await engines.kafka?.start()
    await until(() => accepted.length > before + 100, 'sends are accepted again', 180_000)
    sending = false
    await sender
    const missing = (from: readonly string[]) => accepted.filter((text) => !new Set(from).has(text))
    await until(() => missing(texts(seen)).length === 0, 'the consumer has everything')
    await until(() => missing(read).length === 0, 'the reader has everything')
    await until(() => consumer.health().state === 'running', 'the consumer is well')
    for (const partition of [0, 1]) {
      // Once each, in order, when repetitions are dropped: what a reader of this log does anyway.
      const order = [...new Set(texts(seen.filter((one) => one.partition === partition)).map(Number))]
      expect(order).toEqual([...order].sort((a, b) => a - b))
    }
    const { high = '' } = (await own.client.offsets(topic)).find(({ partition }) => partition === 0) ?? {}
    expect(await consumer.commit(topic, 0, high)).toBe(true)
    expect((await own.client.committed(group, topic)).find(({ partition }) => partition === 0)?.offset).toBe(
      high,
    )
    await reader.stop()
    await own.client.stop()
  }, 480_000)

  test('without a broker, start and send end as an outage, and stop ends', async () => {
    const away = createKafkaMessaging({ brokers: ['127.0.0.1:1'], clientId: 'test' })
    await expect(away.start()).rejects.toMatchObject({ code: 'unavailable', retriable: true })
    await away.stop()
  })
})

/** Sends the recorded bytes as they are, in the place of what kafkajs would have compressed. */
async function sendRecorded(topic: string, codec: keyof typeof librdkafkaBatches): Promise<void> {
  const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs
  const type = { lz4: CompressionTypes.LZ4, snappy: CompressionTypes.Snappy, zstd: CompressionTypes.ZSTD }[
    codec
  ]
  // kafkajs' own typings leave out the codecs that are registered from outside.
  const codecs = CompressionCodecs as Record<number, unknown>
  const registered = codecs[type]
  codecs[type] = () => ({ compress: () => Promise.resolve(librdkafkaBatches[codec]) })
  const brokers = engines.endpoints.kafka.brokers
  const producer = new Kafka({
    ...{ brokers, clientId: 'test', logLevel: logLevel.NOTHING, connectionTimeout: 30_000 },
  }).producer()
  await producer.connect()
  const messages = Array.from({ length: librdkafkaCount }, (_, n) => ({
    value: '',
    timestamp: String(1_700_000_000_000 + n),
  }))
  await producer.send({ topic, messages, compression: type })
  await producer.disconnect()
  codecs[type] = registered
}
