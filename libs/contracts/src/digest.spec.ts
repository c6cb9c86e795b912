import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, decisionIdOf, digestOf, ledgerEventIdOf, sha256Hex, streamOf } from './digest.js'

describe('canonicalJson', () => {
  it('orders keys by code unit, at every depth, and leaves arrays as they are', () => {
    expect(canonicalJson({ b: 1, a: { d: [3, { z: 1, y: 2 }], c: null }, B: true })).toBe(
      '{"B":true,"a":{"c":null,"d":[3,{"y":2,"z":1}]},"b":1}',
    )
    // '\u20ac' comes before a surrogate pair by code unit; by code point too, but not by locale.
    expect(canonicalJson({ '\u{1F600}': 1, '\u20ac': 2, é: 3, z: 4 })).toBe('{"z":4,"é":3,"€":2,"😀":1}')
  })

  it('writes numbers as JSON does: the shortest text that reads back to the same bits', () => {
    expect(canonicalJson([0.1, 1e21, -0, 5e-324, 1 / 3])).toBe('[0.1,1e+21,0,5e-324,0.3333333333333333]')
  })

  it('leaves undefined members out and turns undefined entries to null, as JSON does', () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}')
  })

  it('says the same of a value however its keys were inserted, and reads back to it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 8 }), (keys) => {
        const there = Object.fromEntries(keys.map((key) => [key, 1]))
        const back = Object.fromEntries([...keys].reverse().map((key) => [key, 1]))
        expect(digestOf(there)).toBe(digestOf(back))
      }),
    )
  })
})

describe('sha256Hex', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('gives the published digest of %j (FIPS 180-4)', (text, expected) => {
    expect(sha256Hex(text)).toBe(expected)
  })

  it("agrees with Node's own, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(sha256Hex(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'))
      }),
    )
  })
})

describe('derived ids', () => {
  it('are the same for the same thing, and frozen', () => {
    expect(decisionIdOf('r', 1, 10, 'odm', 2)).toBe(sha256Hex('decision\nr\n1\n10\nodm\n2').slice(0, 32))
    expect(ledgerEventIdOf(streamOf('r'), 3)).toBe(sha256Hex('ledger\nrun-r\n3').slice(0, 32))
    expect(decisionIdOf('r', 1, 10, 'odm', 2)).toBe('a3b0f8915d1437f8fb66d0c1a72476ad')
    expect(ledgerEventIdOf('run-r', 3)).toBe('335a07831ab5d80e2592a2c410101852')
  })

  it('differ when any part does', () => {
    const ids = [
      decisionIdOf('r', 1, 10, 'odm', 2),
      decisionIdOf('s', 1, 10, 'odm', 2),
      decisionIdOf('r', 2, 10, 'odm', 2),
      decisionIdOf('r', 1, 11, 'odm', 2),
      decisionIdOf('r', 1, 10, 'odn', 2),
      decisionIdOf('r', 1, 10, 'odm', 3),
      decisionIdOf('r', 11, 0, 'odm', 2),
    ]
    expect(new Set(ids).size).toBe(ids.length)
  })
})
