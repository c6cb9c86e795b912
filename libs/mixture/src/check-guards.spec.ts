import { describe, expect, it } from 'vitest'
import { checkGuards } from './check-guards.js'

const domains = [{ name: 'a', tokens: 100 }, { name: 'b', tokens: 1000 }, { name: 'c' }]
const counted = [...domains.slice(0, 2), { name: 'c', tokens: 1000 }]

describe('guards that cannot be kept', () => {
  it.each([
    [{ floor: 0.5 }, /floors add up to 1\.5, but weights add up to 1; lower them/],
    [{ ceiling: 0.2 }, /ceilings add up to 0\.6, but weights must add up to 1; raise them/],
    [
      { floor: { z: 0.1 } },
      /guards\.floor names the domain "z", which the run doesn't have; it has: a, b, c/,
    ],
    [{ floor: { a: 0.5 }, ceiling: { a: 0.4 } }, /floor of "a" \(0\.5\) lies above its ceiling \(0\.4\)/],
    [{ largestChange: { perDomain: { z: 0.1 } } }, /guards\.largestChange\.perDomain names the domain "z"/],
    [{ repetitionCap: { epochs: { z: 1 } } }, /guards\.repetitionCap\.epochs names the domain "z"/],
    [
      { repetitionCap: { epochs: 4 } },
      /counts epochs of declared tokens, but c declares none; declare `tokens` of every domain it caps/,
    ],
    [{ repetitionCap: { epochs: { c: 4 } } }, /but c declares none/],
    [{ entropyFloor: {} }, /expected exactly one of nats and share, got none/],
    [{ entropyFloor: { nats: 1, share: 0.5 } }, /expected exactly one of nats and share, got both/],
    [{ entropyFloor: { nats: 1.2 } }, /asks for 1\.2 nats, but 3 domains have at most 1\.099; lower it/],
    [
      { entropyFloor: { share: 0.9 }, ceiling: { a: 0.05, b: 0.2 } },
      /asks for 0\.9888 nats, but the most even mixture that floors, ceilings and repetition cap allow has 0\.6874/,
    ],
  ])('%j are refused with a sentence', (guards, sentence) => {
    expect(checkGuards(guards, domains)).toEqual([expect.stringMatching(sentence)])
  })
  it.each([
    [
      { floor: { a: 0.2 }, repetitionCap: { epochs: 2 } },
      /floor of "a" \(0\.2\) lies above what its repetition cap allows over the 2000 tokens the run is planned for \(0\.1\)/,
    ],
    [
      { repetitionCap: { epochs: 0.5 } },
      /what may be read over the 2000 tokens the run is planned for adds up to a share of 0\.525, but weights must add up to 1/,
    ],
    [{ repetitionCap: { epochs: 2 }, ceiling: { b: 0.5, c: 0.3 } }, /adds up to a share of 0\.9/],
    [
      { repetitionCap: { epochs: 2 }, entropyFloor: { share: 1 } },
      /repetition cap allow has 0\.9[0-9]+; lower it/,
    ],
  ])('%j are refused over a horizon', (guards, sentence) => {
    expect(checkGuards(guards, counted, { tokens: 2000 })).toEqual([expect.stringMatching(sentence)])
    expect(checkGuards(guards, counted)).toEqual([])
  })
  it('are those whose data is used up before it began', () => {
    const empty = [{ name: 'a', tokens: 0 }]
    expect(checkGuards({ repetitionCap: { epochs: 1 } }, empty)).toEqual([
      expect.stringMatching(/what may be read adds up to a share of 0, but/),
    ])
  })
  it('are told all at once', () => {
    const guards = { floor: 0.5, ceiling: { z: 0.1 }, entropyFloor: {}, repetitionCap: { epochs: 1 } }
    expect(checkGuards(guards, domains)).toHaveLength(4)
  })
  it('are not those that leave one mixture', () => {
    expect(checkGuards({ floor: 1 / 3, ceiling: 1 / 3, entropyFloor: { share: 1 } }, domains)).toEqual([])
    expect(checkGuards({ repetitionCap: { epochs: 1 } }, counted, { tokens: 2100 })).toEqual([])
  })
  it('are not those of one domain', () => {
    expect(checkGuards({ entropyFloor: { share: 1 } }, [{ name: 'a' }])).toEqual([])
  })
})
