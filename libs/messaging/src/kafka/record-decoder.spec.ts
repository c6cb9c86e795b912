import fc from 'fast-check'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import {
  decodeRecord,
  registerRecordDecoder,
  type BatchContext,
  type DecodeRecord,
} from './record-decoder.js'

const require = createRequire(import.meta.url)
const path = 'kafkajs/src/protocol/recordBatch/record/v0/decoder.js'
type KafkajsDecoder = { readonly buffer: Buffer; offset: number; readVarIntBytes(): Buffer }
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => KafkajsDecoder
const theirs = require(path) as DecodeRecord
const encode = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => { buffer: Buffer }

const batch: BatchContext = {
  firstOffset: '9007197107000000',
  firstTimestamp: '1795330572821',
  maxTimestamp: '1795330599999',
  timestampType: 0,
  magicByte: 2,
}
/** The bytes of one record, as a batch decoder cuts them out. */
const bytesOf = (record: object) => new Decoder(encode(record).buffer).readVarIntBytes()

// A name that every object has by itself makes kafkajs put the inherited thing among the values: that is not wanted.
const name = fc
  .string({ unit: 'binary', maxLength: 40 })
  .filter((text) => !(text in {}) && Buffer.from(text).toString() === text)
const bytes = fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content))
const record = fc.record({
  offsetDelta: fc.integer({ min: 0, max: 2 ** 30 }),
  timestampDelta: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })), {
    noNullPrototype: true,
  }),
})

/** All that kafkajs's records have, for comparison: some of ours is read when it is asked for. */
const plain = ({
  magicByte,
  attributes,
  timestamp,
  offset,
  key,
  value,
  headers,
  isControlRecord,
  batchContext,
}: ReturnType<typeof decodeRecord>) => ({
  magicByte,
  attributes,
  timestamp,
  offset,
  key,
  value,
  headers,
  isControlRecord,
  batchContext,
})

describe('the decoder of records', () => {
  it("gives what kafkajs's own gives", () => {
    fc.assert(
      fc.property(record, fc.constantFrom(0, 1, -1), fc.boolean(), (one, timestampType, isControlBatch) => {
        const context = { ...batch, timestampType, isControlBatch }
        const cut = bytesOf(one)
        expect(plain(decodeRecord(new Decoder(cut), context))).toEqual(theirs(new Decoder(cut), context))
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps headers that are named like what every object inherits', () => {
    const headers = JSON.parse('{"__proto__":"a","constructor":["b","c"]}') as object
    const decoded = decodeRecord(new Decoder(bytesOf({ key: null, value: null, headers })), batch)
    expect(Object.entries(decoded.headers).map(([key, value]) => [key, String(value)])).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b,c'],
    ])
  })

  it("stands in the place of kafkajs's before the first fetch", () => {
    const load = createRequire(import.meta.url)
    Reflect.deleteProperty(load.cache, load.resolve(path))
    registerRecordDecoder()
    expect(load(path)).toBe(decodeRecord)
  })
})
