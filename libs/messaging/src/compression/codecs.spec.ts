import { expect, test } from 'vitest'
import { compressLz4, decompressLz4 } from './lz4.js'
import { compressSnappy, decompressSnappy } from './snappy.js'

const samples = {
  'a byte': Buffer.from([7]),
  text: Buffer.from('loss '.repeat(1_000)),
  '2 MiB that repeat': Buffer.alloc(2 * 1_048_576, 'weights and measures'),
  '300 kB that do not': Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * n * 31 + (n >> 7)) & 255)),
}

test.each(Object.entries(samples))('%s comes back as it was', (_, data) => {
  expect(decompressLz4(compressLz4(data)).equals(data)).toBe(true)
  expect(decompressSnappy(compressSnappy(data)).equals(data)).toBe(true)
})

test('more than one lz4 block is refused, for Kafka reads only independent ones', () => {
  expect(() => compressLz4(Buffer.alloc(5_000_000))).toThrow('too many for one lz4 block')
})
