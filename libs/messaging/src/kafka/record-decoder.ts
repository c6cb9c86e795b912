import { createRequire } from 'node:module'
import type { IHeaders } from 'kafkajs'

/** What kafkajs hands a record's decoder: the record's bytes, and what its batch says of all its records. */
type Bytes = { readonly buffer: Buffer; offset: number }
export type BatchContext = {
  readonly firstOffset: string
  readonly firstTimestamp: string
  readonly maxTimestamp: string
  readonly timestampType: number
  readonly magicByte: number
  readonly isControlBatch?: boolean
}
export type DecodeRecord = (bytes: Bytes, batch: BatchContext) => unknown

const version = '2.2.4'
const path = 'kafkajs/src/protocol/recordBatch/record/v0/decoder.js'
const logAppendTime = 1

/**
 * Puts our decoder of records in the place of kafkajs's, which copies a message's headers once for each of them and
 * wraps every number in an object: it was the largest part of taking a message in. kafkajs loads it with the first
 * answer to a fetch, so this must come before; another version of kafkajs keeps its own.
 */
export function registerRecordDecoder(): void {
  const require = createRequire(import.meta.url)
  if ((require('kafkajs/package.json') as { readonly version: string }).version !== version) return
  const file = require.resolve(path)
  if (require.cache[file] !== undefined) return
  const stands = require(path) as DecodeRecord
  if (typeof stands === 'function') require.cache[file]!.exports = decodeRecord
}

/** Names of headers, by their bytes read as Latin-1: the same few in every message. */
const names = new Map<string, string>()
const mostNames = 256

function define(headers: IHeaders, name: string, value: Buffer): void {
  if (name !== '__proto__') headers[name] = value
  else Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true })
}

/** A record as kafkajs gives it, field by field. Offsets and times stay below 2^53, as everywhere in Mixdesk. */
export function decodeRecord({ buffer, offset }: Bytes, batchContext: BatchContext): DecodedRecord {
  return new DecodedRecord(buffer, offset, batchContext)
}

/**
 * Key, value and headers are read from the bytes when somebody asks for them: of two readers of a topic in one process the
 * second often asks for nothing but offsets.
 */
class DecodedRecord {
  readonly offset: string
  readonly timestamp: string
  readonly attributes: number
  readonly batchContext: BatchContext
  private readonly buffer: Buffer
  private at: number
  private contents:
    { readonly key: Buffer | null; readonly value: Buffer | null; readonly headers: IHeaders } | undefined

  constructor(buffer: Buffer, start: number, batchContext: BatchContext) {
    const { firstOffset, firstTimestamp, maxTimestamp, timestampType } = batchContext
    this.buffer = buffer
    this.at = start
    this.batchContext = batchContext
    this.attributes = buffer.readInt8(this.at++)
    const timestampDelta = this.varint()
    this.timestamp =
      timestampType === logAppendTime && maxTimestamp
        ? maxTimestamp
        : String(Number(firstTimestamp) + timestampDelta)
    this.offset = String(Number(firstOffset) + this.varint())
  }

  get magicByte(): number {
    return this.batchContext.magicByte
  }
  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch ?? false
  }
  get key(): Buffer | null {
    return this.decoded().key
  }
  get value(): Buffer | null {
    return this.decoded().value
  }
  get headers(): IHeaders {
    return this.decoded().headers
  }

  private decoded() {
    if (this.contents !== undefined) return this.contents
    const key = this.bytes()
    const value = this.bytes()
    const headers: IHeaders = {}
    for (let left = this.varint(); left > 0; left--) {
      const header = this.name()
      const content = this.bytes() as Buffer
      // Own members only: a header may be named like something every object inherits.
      if (!Object.hasOwn(headers, header)) define(headers, header, content)
      else headers[header] = [headers[header] as Buffer | Buffer[], content].flat()
    }
    return (this.contents = { key, value, headers })
  }

  /** A zigzag varint; arithmetic beyond 32 bits is exact up to 2^53. */
  private varint(): number {
    const { buffer } = this
    let byte = buffer[this.at++]!
    let value = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = buffer[this.at++]!
      value = shift < 28 ? value | ((byte & 0x7f) << shift) : value + (byte & 0x7f) * 2 ** shift
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  private bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    return this.buffer.subarray(this.at, (this.at += length))
  }

  private name(): string {
    const { buffer } = this
    const length = this.varint()
    const from = this.at
    this.at = from + length
    const latin = buffer.toString('latin1', from, this.at)
    let known = names.get(latin)
    if (known === undefined) {
      known = buffer.toString('utf8', from, this.at)
      if (names.size < mostNames) names.set(latin, known)
    }
    return known
  }
}
