import { limits } from '@mixdesk/contracts'

/** Reads ClickHouse's RowBinary: half the cost of JSON for arrays of numbers, and the same bits. */
export class RowBinaryReader {
  readonly #bytes: Buffer
  readonly #view: DataView
  #at = 0
  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  get done(): boolean {
    return this.#at >= this.#bytes.length
  }
  /** LEB128: lengths. */
  length(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  text(): string {
    const length = this.length()
    return this.#bytes.toString('utf8', this.#at, (this.#at += length))
  }
  uint32(): number {
    const value = this.#view.getUint32(this.#at, true)
    this.#at += 4
    return value
  }
  /** Exact up to 2^53, which is all that the wire accepts. */
  uint64(): number {
    const value = this.#view.getUint32(this.#at, true) + this.#view.getUint32(this.#at + 4, true) * 2 ** 32
    this.#at += 8
    return value
  }
  int64(): number {
    const value = this.#view.getUint32(this.#at, true) + this.#view.getInt32(this.#at + 4, true) * 2 ** 32
    this.#at += 8
    return value
  }
  bigUint64(): bigint {
    const value = this.#view.getBigUint64(this.#at, true)
    this.#at += 8
    return value
  }
  uint16Array(): number[] {
    const length = this.length()
    const view = this.#view
    let at = this.#at
    const values = smallIntegers.slice(0, length)
    for (let i = 0; i < length; i++, at += 2) values[i] = view.getUint16(at, true)
    this.#at = at
    return values
  }
  uint64Array(): number[] {
    const length = this.length()
    const view = this.#view
    let at = this.#at
    const values = smallIntegers.slice(0, length)
    for (let i = 0; i < length; i++, at += 8) {
      const high = view.getUint32(at + 4, true)
      const low = view.getUint32(at, true)
      values[i] = high === 0 ? low : low + high * 2 ** 32
    }
    this.#at = at
    return values
  }
  /** NaN is how the history writes null. */
  doubleArray(): (number | null)[] {
    const length = this.length()
    const view = this.#view
    let at = this.#at
    const values: (number | null)[] = doubles.slice(0, length)
    for (let i = 0; i < length; i++, at += 8) {
      const value = view.getFloat64(at, true)
      values[i] = value === value ? value : null
    }
    this.#at = at
    return values
  }
}

// A copy of an array of the right kind and length never changes its layout while it is filled; a new one does, with its first double.
const smallIntegers = new Array<number>(limits.domains).fill(0)
const doubles = new Array<number>(limits.domains).fill(0.5)
