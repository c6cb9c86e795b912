import type { Message } from 'kafkajs'
import type { OutgoingMessage } from '../messaging.js'

const toBuffer = (bytes: string | Uint8Array): Buffer =>
  typeof bytes === 'string'
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The message for kafkajs, and about how many bytes it takes. */
export function encodeMessage(
  message: OutgoingMessage,
  partition: number,
): { message: Message; bytes: number } {
  const key = Buffer.from(message.key)
  const value = message.value === null ? null : toBuffer(message.value)
  const headers: Record<string, Buffer> = {}
  let bytes = 64 + key.length + (value?.length ?? 0)
  for (const [name, header] of Object.entries(message.headers)) {
    const encoded = toBuffer(header)
    headers[name] = encoded
    bytes += name.length + encoded.length + 8
  }
  return { message: { key, value, headers, partition }, bytes }
}
