import { describe, expect, it } from 'vitest'
import { failureProfile } from './failure-profile.policy.js'
import type { StepFact } from '../policy.js'

type Config = typeof failureProfile.defaults
const configured = (config: Partial<Config>): Config => ({ ...failureProfile.defaults, ...config })
const start = { domains: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], weights: [0.2, 0.3, 0.5] }

function stepWith(step: number, failures: readonly (number | null)[]): StepFact {
  return {
    kind: 'step',
    step,
    present: failures.map((count) => count !== null),
    tokens: failures.map((count) => (count === null ? 0 : 100)),
    lossSum: failures.map(() => 0),
    signals: { failures: failures.map((count) => count ?? 0) },
    inForce: start.weights,
  }
}
const after = (config: Config, reports: readonly (readonly (number | null)[])[]) =>
  reports.reduce(
    (state, report, i) => failureProfile.evolve(config, state, stepWith(i + 1, report)),
    failureProfile.initialState(config, start),
  )
function weights(config: Config, reports: readonly (readonly (number | null)[])[]): readonly number[] {
  const proposal = failureProfile.decide(config, after(config, reports), start.weights)
  if (proposal.kind !== 'reweigh') throw new Error(JSON.stringify(proposal))
  return proposal.weights
}
const near = (got: readonly number[], expected: readonly number[]) =>
  expected.forEach((number, i) => expect(got[i]).toBeCloseTo(number, 14))

describe('failure profile', () => {
  it('samples in proportion to failures with Laplace smoothing', () => {
    near(weights(configured({}), [[2, 0, 1]]), [1 / 2, 1 / 6, 1 / 3])
    near(
      weights(configured({}), [
        [2, 0, 1],
        [5, 1, 2],
      ]),
      [8 / 14, 2 / 14, 4 / 14],
    )
  })

  it('is the plain profile without smoothing', () => {
    near(weights(configured({ laplace: 0 }), [[3, 0, 1]]), [0.75, 0, 0.25])
  })

  it('mixes in its share of the uniform mixture', () => {
    near(weights(configured({ laplace: 0, uniformShare: 0.3 }), [[3, 0, 1]]), [0.625, 0.1, 0.275])
  })

  it('lets old failures fade, or leave the window', () => {
    const reports = [
      [8, 0, 0],
      [0, 4, 0],
      [0, 0, 2],
    ]
    expect(after(configured({}), reports).failures).toEqual([8, 4, 2])
    expect(after(configured({ memory: 'decayed', keep: 0.5 }), reports).failures).toEqual([2, 2, 2])
    expect(after(configured({ memory: 'window', windowSteps: 2 }), reports)).toMatchObject({
      failures: [0, 4, 2],
      recent: [
        [0, 4, 0],
        [0, 0, 2],
      ],
    })
  })

  it('keeps the count of an absent domain, which is not a count of 0', () => {
    const config = configured({ memory: 'window', windowSteps: 1 })
    expect(
      after(configured({}), [
        [2, 3, 0],
        [1, null, 0],
      ]).failures,
    ).toEqual([3, 3, 0])
    const state = after(config, [[2, 3, 0]])
    expect(failureProfile.evolve(config, state, stepWith(2, [null, null, null]))).toBe(state)
    expect(failureProfile.evolve(config, state, stepWith(2, [-1, null, null]))).toBe(state)
    expect(failureProfile.evolve(config, state, stepWith(2, [0, 0, 0])).failures).toEqual([0, 0, 0])
  })

  it('holds until failures were reported, and while there is no profile', () => {
    const config = configured({ laplace: 0 })
    expect(failureProfile.decide(config, after(config, []), start.weights)).toEqual({
      kind: 'hold',
      because: 'No update yet: no step has carried `failures`.',
    })
    expect(failureProfile.decide(config, after(config, [[0, 0, 0]]), start.weights)).toEqual({
      kind: 'hold',
      because: expect.stringContaining('there is no profile'),
    })
  })

  it('explains itself by failures and by what every domain gets evenly', () => {
    const config = configured({ uniformShare: 0.3 })
    const proposal = failureProfile.decide(config, after(config, [[2, 0, 1]]), start.weights)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    const even = 0.7 / 6 + 0.1
    near(proposal.because.parts['even']!, [even, even, even])
    near(
      proposal.because.parts['failures']!,
      [0.7 * (2 / 6), 0, 0.7 * (1 / 6)].map((share, i) => share - start.weights[i]!),
    )
  })
})
