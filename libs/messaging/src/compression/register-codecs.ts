import { decompress as decompressZstd } from 'fzstd'
import kafkajs from 'kafkajs'
import { compressLz4, decompressLz4 } from './lz4.js'
import { compressSnappy, decompressSnappy } from './snappy.js'

type Encoded = { readonly buffer: Buffer }

/**
 * Teaches kafkajs the codecs it leaves out: a single batch of such a producer would otherwise stop the consumer for
 * good. All in plain JavaScript, so that installing needs no compiler and no download. Zstandard can only be read.
 */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: (encoder: Encoded) => Promise.resolve(compressLz4(encoder.buffer)),
    decompress: (data: Buffer) => Promise.resolve(decompressLz4(data)),
  })
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: (encoder: Encoded) => Promise.resolve(compressSnappy(encoder.buffer)),
    decompress: (data: Buffer) => Promise.resolve(decompressSnappy(data)),
  })
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: () =>
      Promise.reject(new Error('messaging cannot write zstd; choose none, gzip, snappy or lz4')),
    decompress: (data: Buffer) => Promise.resolve(Buffer.from(decompressZstd(data))),
  })
}
