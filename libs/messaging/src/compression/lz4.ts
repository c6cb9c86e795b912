import lz4js from 'lz4js'

const mostInOneBlock = 4 * 1_048_576
// Flags "version 1, independent blocks", "blocks up to 4 MiB", and the checksum (XXH32) of these two bytes.
const descriptor = Buffer.from([0x60, 0x70, 0x73])

export const decompressLz4 = (data: Buffer): Buffer => Buffer.from(lz4js.decompress(data))

/** lz4js marks its blocks as depending on one another, which Kafka refuses; a single block depends on none. */
export function compressLz4(data: Buffer): Buffer {
  if (data.length > mostInOneBlock)
    throw new RangeError(`${data.length} bytes are too many for one lz4 block`)
  const frame = Buffer.from(lz4js.compress(data))
  descriptor.copy(frame, 4)
  return frame
}
