import snappyjs from 'snappyjs'

// Java clients wrap Snappy in Xerial's framing (magic, two versions, then length-prefixed blocks); librdkafka sends
// one bare block. Both must be readable.
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const headerBytes = 16

export function decompressSnappy(data: Buffer): Buffer {
  if (!data.subarray(0, magic.length).equals(magic)) return asBuffer(snappyjs.uncompress(data))
  const blocks: Buffer[] = []
  for (let at = headerBytes; at < data.length;) {
    const size = data.readUInt32BE(at)
    at += 4
    blocks.push(asBuffer(snappyjs.uncompress(data.subarray(at, at + size))))
    at += size
  }
  return Buffer.concat(blocks)
}

/** Framed as Java's clients do it, for those are the ones that cannot read a bare block. */
export function compressSnappy(data: Buffer): Buffer {
  const versions = Buffer.alloc(8)
  versions.writeUInt32BE(1, 0)
  versions.writeUInt32BE(1, 4)
  const block = asBuffer(snappyjs.compress(data))
  const size = Buffer.alloc(4)
  size.writeUInt32BE(block.length)
  return Buffer.concat([magic, versions, size, block])
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
