import { Partitioners } from 'kafkajs'
import { expect, test } from 'vitest'
import { murmur2, partitionOfKey } from './murmur2.js'

test.each([
  // org.apache.kafka.common.utils.UtilsTest, testMurmur2
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])("murmur2 of '%s' is what Kafka's own test says", (key, expected) => {
  expect(murmur2(Buffer.from(key))).toBe(expected)
})

test('a key goes where the sending client puts it', () => {
  const place = Partitioners.DefaultPartitioner()
  const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 1,
    replicas: [1],
    isr: [1],
  }))
  for (let n = 0; n < 300; n += 1) {
    const key = `rún-${n}`.repeat(n % 5)
    expect(partitionOfKey(key, 12)).toBe(
      place({ topic: 't', partitionMetadata, message: { key, value: '' } }),
    )
  }
})
