import { limits } from '@mixdesk/contracts'

// Doubles travel as base64 of their bytes (little-endian, as the engine reads them): exact by construction, and a
// third cheaper for both sides than decimal text. The scratch buffers are safe because nothing here awaits.
let doubles = new Float64Array(limits.domains)
let doubleBytes = Buffer.from(doubles.buffer)
const shorts = new Uint16Array(limits.domains)
const shortBytes = Buffer.from(shorts.buffer)

/** Numbers as base64 of IEEE doubles; null becomes NaN. */
export function packDoubles(numbers: readonly (number | null)[]): string {
  const { length } = numbers
  if (length > doubles.length) {
    doubles = new Float64Array(length * 2)
    doubleBytes = Buffer.from(doubles.buffer)
  }
  for (let i = 0; i < length; i++) doubles[i] = numbers[i] ?? NaN
  return doubleBytes.toString('base64', 0, length * 8)
}

/** Domain indices as base64 of 16-bit numbers. */
export function packIndices(indices: readonly number[]): string {
  const { length } = indices
  for (let i = 0; i < length; i++) shorts[i] = indices[i]!
  return shortBytes.toString('base64', 0, length * 2)
}
