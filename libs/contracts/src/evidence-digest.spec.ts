import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  emptyEvidence,
  evidenceHex,
  extendEvidence,
  textDigest,
  type EvidenceDigest,
} from './evidence-digest.js'

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, -1),
)
const arrays = fc.array(fc.array(number, { maxLength: 12 }), { maxLength: 6 })
const hexOf = (...all: number[][]) => evidenceHex(extendEvidence(emptyEvidence, all))

describe('the evidence digest', () => {
  it('is the same however the arrays are handed over in turns', () => {
    fc.assert(
      fc.property(arrays, fc.nat(), (all, at) => {
        const cut = at % (all.length + 1)
        const turns = extendEvidence(extendEvidence(emptyEvidence, all.slice(0, cut)), all.slice(cut))
        expect(turns).toEqual(extendEvidence(emptyEvidence, all))
      }),
    )
  })

  it('survives JSON in mid-chain: unsigned 32-bit integers, always', () => {
    fc.assert(
      fc.property(arrays, arrays, (first, second) => {
        const digest = extendEvidence(emptyEvidence, first)
        const stored = JSON.parse(JSON.stringify(digest)) as EvidenceDigest
        expect(stored).toEqual(digest)
        for (const word of digest) expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true)
        expect(extendEvidence(stored, second)).toEqual(extendEvidence(digest, second))
      }),
    )
  })

  it('changes with any single bit of any number', () => {
    const float = new Float64Array(1)
    const bits = new BigUint64Array(float.buffer)
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.integer({ min: 0, max: 63 }),
        (all, at, bit) => {
          const i = at % all.length
          float[0] = all[i]!
          bits[0]! ^= 1n << BigInt(bit)
          const flipped = float[0]
          fc.pre(Number.isFinite(flipped) && flipped !== all[i])
          expect(hexOf(all.with(i, flipped))).not.toBe(hexOf(all))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('tells apart what order, length and grouping tell apart', () => {
    const all = [
      hexOf(),
      hexOf([]),
      hexOf([0]),
      hexOf([0, 0]),
      hexOf([0], [0]),
      hexOf([], [0]),
      hexOf([1, 2]),
      hexOf([2, 1]),
      hexOf([1], [2]),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  it('takes −0 for 0, which JSON cannot tell apart', () => {
    expect(hexOf([-0, 1])).toBe(hexOf([0, 1]))
  })

  it('spreads: over many near inputs, no digest and no 32-bit word comes twice more often than by chance', () => {
    const seen = new Set<string>()
    const words = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()]
    const inputs = 20_000
    for (let i = 0; i < inputs; i++) {
      const digest = extendEvidence(emptyEvidence, [[i, 2.5]])
      seen.add(evidenceHex(digest))
      digest.forEach((word, w) => words[w]!.add(word))
    }
    expect(seen.size).toBe(inputs)
    // By chance 20,000 draws of 2³² collide 0.05 times.
    for (const word of words) expect(word.size).toBeGreaterThan(inputs - 4)
  })

  it('keeps its value from one version of Mixdesk to the next: old decisions are checked against it', () => {
    expect(evidenceHex(emptyEvidence)).toBe('0'.repeat(32))
    expect(hexOf([1, 2.5, -3e-9], [4096])).toBe('06f8ebee818cde307caa18d28d3c61ca')
  })
})

describe('the digest of a text', () => {
  it('is 128 bits in hex, the same for the same text, and another for any other', () => {
    const texts = [
      '',
      'a',
      'b',
      'ab',
      'ba',
      'a\0',
      'abcd',
      'abcde',
      'abcdé',
      '{"reward":[1,2,3]}',
      '{"reward":[1,2,4]}',
    ]
    const digests = texts.map(textDigest)
    for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(digests).size).toBe(texts.length)
    expect(texts.map(textDigest)).toEqual(digests)
  })

  it('changes with any one character of a long text', () => {
    const text = JSON.stringify(Array.from({ length: 50 }, (_, i) => Math.sqrt(i)))
    const all = Array.from(text, (_, i) => textDigest(`${text.slice(0, i)}#${text.slice(i + 1)}`))
    expect(new Set([...all, textDigest(text)]).size).toBe(text.length + 1)
  })
})
