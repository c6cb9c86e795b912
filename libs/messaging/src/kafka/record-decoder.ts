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
export function decodeRecord({ buffer, offset: start }: Bytes, batchContext: BatchContext) {
  const { firstOffset, firstTimestamp, maxTimestamp, timestampType, magicByte, isControlBatch } = batchContext
  let at = start

  /** A zigzag varint; arithmetic beyond 32 bits is exact up to 2^53. */
  function varint(): number {
    let byte = buffer[at++]!
    let value = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = buffer[at++]!
      value = shift < 28 ? value | ((byte & 0x7f) << shift) : value + (byte & 0x7f) * 2 ** shift
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  function bytes(): Buffer | null {
    const length = varint()
    if (length < 0) return null
    return buffer.subarray(at, (at += length))
  }
  function name(): string {
    const length = varint()
    const latin = buffer.toString('latin1', at, at + length)
    let known = names.get(latin)
    if (known === undefined) {
      known = buffer.toString('utf8', at, at + length)
      if (names.size < mostNames) names.set(latin, known)
    }
    at += length
    return known
  }

  const attributes = buffer.readInt8(at++)
  const timestampDelta = varint()
  const offsetDelta = varint()
  const key = bytes()
  const value = bytes()
  const headers: IHeaders = {}
  for (let left = varint(); left > 0; left--) {
    const header = name()
    const content = bytes() as Buffer
    // Own members only: a header may be named like something every object inherits.
    if (!Object.hasOwn(headers, header)) define(headers, header, content)
    else headers[header] = [headers[header] as Buffer | Buffer[], content].flat()
  }
  return {
    magicByte,
    attributes,
    timestamp:
      timestampType === logAppendTime && maxTimestamp
        ? maxTimestamp
        : String(Number(firstTimestamp) + timestampDelta),
    offset: String(Number(firstOffset) + offsetDelta),
    key,
    value,
    headers,
    isControlRecord: isControlBatch ?? false,
    batchContext,
  }
}
