/**
 * A 128-bit digest chained over numbers: MurmurHash3 x86-128's mixing, run over the bits of IEEE doubles.
 * Not cryptographic: it tells equal evidence from different evidence, at a fiftieth of the cost of SHA-256 in JavaScript.
 * The state is four unsigned 32-bit integers, so it survives JSON and a restart in mid-chain.
 */
export type EvidenceDigest = readonly [number, number, number, number]
export const emptyEvidence: EvidenceDigest = [0, 0, 0, 0]

const float = new Float64Array(1)
const bits = new Uint32Array(float.buffer)
const c1 = 0x239b961b
const c2 = 0xab0e9789
const c3 = 0x38b34ae5
const c4 = 0xa1e38b93
const rotl = (x: number, r: number) => (x << r) | (x >>> (32 - r))

// The chain in work; module-wide, so that the hot loop allocates nothing. Every export loads it first and reads it last.
let [h1, h2, h3, h4] = emptyEvidence

function mix(k1: number, k2: number): void {
  h1 ^= Math.imul(rotl(Math.imul(k1, c1), 15), c2)
  h1 = (Math.imul(rotl(h1, 19) + h2, 5) + 0x561ccd1b) | 0
  h2 ^= Math.imul(rotl(Math.imul(k2, c2), 16), c3)
  h2 = (Math.imul(rotl(h2, 17) + h3, 5) + 0x0bcaa747) | 0
  h3 ^= Math.imul(rotl(Math.imul(k1, c3), 17), c4)
  h3 = (Math.imul(rotl(h3, 15) + h4, 5) + 0x96cd1c35) | 0
  h4 ^= Math.imul(rotl(Math.imul(k2, c4), 18), c1)
  h4 = (Math.imul(rotl(h4, 13) + h1, 5) + 0x32ac3b17) | 0
}

/** The digest after these arrays, in order; every array's length goes in first. */
export function extendEvidence(
  digest: EvidenceDigest,
  arrays: readonly (readonly number[])[],
): EvidenceDigest {
  ;[h1, h2, h3, h4] = digest
  for (const array of arrays) {
    mix(array.length, 0x9e3779b9)
    for (let i = 0; i < array.length; i++) {
      // Adding 0 turns −0 into 0: JSON cannot tell them apart.
      float[0] = array[i]! + 0
      mix(bits[0]!, bits[1]!)
    }
  }
  return [h1 >>> 0, h2 >>> 0, h3 >>> 0, h4 >>> 0]
}

/** The same kind of digest over a text's code units, in hex: what a policy's state is told by, from its JSON. */
export function textDigest(text: string): string {
  ;[h1, h2, h3, h4] = emptyEvidence
  mix(text.length, 0x85ebca6b)
  // Beyond the end, charCodeAt is NaN, which counts as 0 here; the length has gone in before.
  for (let i = 0; i < text.length; i += 4)
    mix(
      text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16),
      text.charCodeAt(i + 2) | (text.charCodeAt(i + 3) << 16),
    )
  return evidenceHex([h1 >>> 0, h2 >>> 0, h3 >>> 0, h4 >>> 0])
}

export const evidenceHex = (digest: EvidenceDigest): string =>
  digest.map((word) => word.toString(16).padStart(8, '0')).join('')
