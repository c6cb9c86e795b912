import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { mostUnderserved } from './most-underserved.policy.js'

type Config = typeof mostUnderserved.defaults
const configured = (config: Partial<Config>): Config => ({ ...mostUnderserved.defaults, ...config })
const start = {
  domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }],
  weights: [0.1, 0.2, 0.3, 0.4],
}
const after = (config: Config, losses: readonly (readonly (number | null)[])[]) =>
  losses.reduce(
    (state, loss, i) =>
      mostUnderserved.evolve(config, state, { kind: 'evaluation', step: 10 * (i + 1), loss, scores: {} }),
    mostUnderserved.initialState(config, start),
  )
const asked = (config: Config, losses: readonly (readonly (number | null)[])[]) =>
  mostUnderserved.decide(config, after(config, losses), start.weights)
function weights(config: Config, losses: readonly (readonly (number | null)[])[]): readonly number[] {
  const proposal = asked(config, losses)
  if (proposal.kind !== 'reweigh') throw new Error(JSON.stringify(proposal))
  return proposal.weights
}
const near = (got: readonly number[], expected: readonly number[]) =>
  expected.forEach((number, i) => expect(got[i]).toBeCloseTo(number, 14))

describe('most underserved', () => {
  const losses = [
    [4, 2, 3, 1],
    [3, 1.9, 2, 0.5],
  ]

  it('gives the block to the domain whose loss came down by the least share', () => {
    near(weights(configured({}), losses), [0.075, 0.15 + 0.25, 0.225, 0.3])
    near(weights(configured({ blockShare: 1 }), losses), [0, 1, 0, 0])
  })

  it('or by the fewest nats', () => {
    const absolute = [
      [4, 2, 3, 1],
      [3, 1.2, 2, 0.5],
    ]
    near(weights(configured({ progress: 'absolute', blockShare: 1 }), absolute), [0, 0, 0, 1])
    near(weights(configured({ blockShare: 1 }), absolute), [1, 0, 0, 0])
  })

  it('counts from a reference where one is given, from the first evaluation on', () => {
    const config = configured({ reference: { a: 2, b: 2, c: 2, d: 2 }, blockShare: 1 })
    near(weights(config, [[2.5, 2.1, 3, 1.9]]), [0, 0, 1, 0])
  })

  it('shares the block evenly among equals', () => {
    const halved = [
      [4, 2, 3, 1],
      [2, 1, 1, 0.1],
    ]
    near(weights(configured({ blockShare: 1 }), halved), [0.5, 0.5, 0, 0])
    near(
      weights(configured({ blockShare: 1, water: 1 }), [
        [4, 2, 3, 1],
        [4, 2, 3, 1],
      ]),
      [0.25, 0.25, 0.25, 0.25],
    )
  })

  it('pours water over z-scores: the lower a domain lies, the more it gets', () => {
    // Progress 0, 1, 2, 3 tenths: z lie 2/√5 apart, and two standard deviations of water wet the lowest two.
    const config = configured({ blockShare: 1, water: 2 })
    const apart = 2 / Math.sqrt(5)
    near(
      weights(config, [
        [10, 10, 10, 10],
        [10, 9, 8, 7],
      ]),
      [0.5 + apart / 4, 0.5 - apart / 4, 0, 0],
    )
  })

  it('does not depend on the scale of the losses when it pours', () => {
    const config = configured({ progress: 'absolute', water: 0.7 })
    const scaled = losses.map((row) => row.map((loss) => 1000 * loss))
    near(weights(config, scaled), weights(config, losses))
  })

  it('keeps the last progress of a domain that an evaluation leaves out', () => {
    near(
      weights(configured({ blockShare: 1 }), [...losses, [1, null, 1, 0.1]]),
      weights(configured({ blockShare: 1 }), losses),
    )
  })

  it('leaves out of the running who cannot be compared yet, and holds with fewer than two', () => {
    near(
      weights(configured({}), [
        [null, 2, 0, 1],
        [3, 1.5, 3, 0.6],
      ]),
      [0.075, 0.15 + 0.25, 0.225, 0.3],
    )
    const because = (count: number) =>
      `No update yet: progress can be compared once two domains have held-out losses of two evaluations, and ${count} have.`
    expect(asked(configured({}), [])).toEqual({ kind: 'hold', because: because(0) })
    expect(asked(configured({}), [[4, 2, 3, 1]])).toEqual({ kind: 'hold', because: because(0) })
    expect(
      asked(configured({}), [
        [4, 2, 3, 1],
        [4, null, null, null],
      ]),
    ).toEqual({
      kind: 'hold',
      because: because(1),
    })
    expect(asked(configured({}), [[null, null, null, null]]).kind).toBe('hold')
  })

  it('explains itself by the block, since the last mixture', () => {
    const config = configured({})
    const first = weights(config, losses)
    const state = mostUnderserved.evolve(config, after(config, losses), {
      kind: 'mixture',
      step: 20,
      weights: first,
    })
    expect(mostUnderserved.decide(config, state, first)).toEqual({
      kind: 'hold',
      because: 'The progress so far asks for the mixture that is already in force.',
    })
    const next = mostUnderserved.evolve(config, state, {
      kind: 'evaluation',
      step: 30,
      loss: [3, 1, 2, 0.5],
      scores: {},
    })
    const proposal = mostUnderserved.decide(config, next, first)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    near(proposal.because.parts['block']!, [0.25, -0.25, 0, 0])
    expect(proposal.because.summary).toContain('domain 1 of 4 has made the least progress (0.250 of its loss')
  })

  it('stays finite for losses of any size', () => {
    const wild = [
      [1e300, 5e-324, 1, 1e300],
      [-1e300, 1e300, 1e308, 0],
    ]
    for (const progress of ['relative', 'absolute'] as const)
      for (const water of [0, 1])
        expect(weights(configured({ progress, water }), wild).every(Number.isFinite)).toBe(true)
  })

  it('says what is wrong with a reference', () => {
    expect(configure(mostUnderserved, { reference: { a: 1, b: 0, c: 1, e: 1 } }, start)).toEqual({
      ok: false,
      problems: [
        expect.stringContaining('got e as well'),
        expect.stringContaining('got none for d'),
        expect.stringContaining('reference.b: expected a loss above 0'),
      ],
    })
  })
})
