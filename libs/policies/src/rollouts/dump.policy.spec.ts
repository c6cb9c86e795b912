import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { dump } from './dump.policy.js'
import type { PolicyFact, PolicyStart } from '../policy.js'
import { rolloutStep, valueByValue } from './rollouts.fixture.js'
import { windowCount } from './chunk-window.js'

type Config = typeof dump.defaults
const configured = (config: Partial<Config>): Config => ({ ...dump.defaults, ...config })
const startOf = (...names: string[]): PolicyStart => ({
  domains: names.map((name) => ({ name })),
  weights: names.map(() => 1 / names.length),
})
const start = startOf('a', 'b', 'c')
const fold = (config: Config, facts: readonly PolicyFact[], from = dump.initialState(config, start)) =>
  facts.reduce((state, fact) => dump.evolve(config, state, fact), from)
const wish = (config: Config, state: ReturnType<typeof fold>, current: readonly number[] = start.weights) => {
  const proposal = dump.decide(config, state, current)
  return proposal.kind === 'reweigh' ? proposal.weights : current
}
const near = (got: readonly number[], expected: readonly number[], digits: number) =>
  expected.forEach((one, i) => expect(got[i]).toBeCloseTo(one, digits))

/** The run of the official code, rollout by rollout, signs as they were. */
const golden = [
  [
    [0.5, -0.5, 1, -1],
    [0.2, -0.2, 0, 0],
    [0, 0, 0, 0],
  ],
  [[0.8, -0.8], [0.4, -0.4, 0.4, -0.4], []],
  [new Array<number>(400).fill(0.1), [], []],
]
const told = golden.map((values, step) => valueByValue(step, 'absAdvantageSum', values))

describe('DUMP against the published code', () => {
  const config = configured({})
  const states = told.map((_, i) => fold(config, told.slice(0, i + 1).flat()))

  it('has the weights of the official run', () => {
    near(wish(config, states[0]!), [0.997948, 0.0015, 0.000552], 6)
    near(wish(config, states[1]!), [0.995575, 0.001922, 0.002502], 6)
    near(wish(config, states[2]!), [2.1988e-6, 0.188871, 0.811127], 6)
    expect(wish(config, states[2]!)[0]).toBeCloseTo(2.1988e-6, 10)
  })

  it('has its scores, and counts that the window does not cut', () => {
    near(states[1]!.score, [1.683873, 1.0589, 1.085254], 6)
    near(states[2]!.score, [0.27225, 1.408339, 1.554075], 6)
    expect(states[2]!.seen[0]).toBe(406)
    expect(windowCount(states[2]!.windows[0]!)).toBe(300)
  })

  it('gives the same from chunks as from rollouts while no chunk is cut', () => {
    const chunks = golden.map((values, step) =>
      rolloutStep(step, {
        rollouts: values.map((list) => list.length),
        absAdvantageSum: values.map((list) => list.reduce((sum, one) => sum + Math.abs(one), 0)),
      }),
    )
    near(wish(config, fold(config, chunks.slice(0, 2))), wish(config, states[1]!), 14)
    near(wish(config, fold(config, chunks)), wish(config, states[2]!), 14)
  })

  it('has the bonus of 12 balanced domains: 0.298, 0.108, 0.038 after 1, 10, 100 steps of 2048 rollouts', () => {
    const twelve = startOf(...Array.from({ length: 12 }, (_, i) => `d${i}`))
    const one = new Array<number>(12).fill(2048 / 12)
    let state = dump.initialState(config, twelve)
    const bonus: Record<number, number> = {}
    for (let step = 1; step <= 100; step++) {
      state = dump.evolve(config, state, rolloutStep(step, { rollouts: one, absAdvantageSum: one }))
      bonus[step] = state.bonus[0]!
    }
    near([bonus[1]!, bonus[10]!, bonus[100]!], [0.298, 0.108, 0.038], 3)
  })

  it('clamps n to 1, so that every score is √(2 ln 2) before the first rollout', () => {
    near(dump.initialState(config, start).score, [1.1774, 1.1774, 1.1774], 4)
  })
})

describe('DUMP', () => {
  const config = configured({})
  const report = (step: number, means: readonly number[], rollouts: readonly number[]) =>
    rolloutStep(step, { rollouts, absAdvantageSum: means.map((mean, i) => mean * rollouts[i]!) })

  it('holds until a step has carried rollouts, naming the signals it waits for', () => {
    const state = fold(config, [report(1, [1, 1, 1], [0, 0, 0])])
    expect(dump.decide(config, state, start.weights)).toEqual({
      kind: 'hold',
      because: 'No update yet: no step has carried `absAdvantageSum` and `rollouts`.',
    })
  })

  it('is uniform for equal counts and means, and does not notice a constant on every mean', () => {
    near(wish(config, fold(config, [report(1, [0.4, 0.4, 0.4], [8, 8, 8])])), [1 / 3, 1 / 3, 1 / 3], 14)
    const of = (added: number) =>
      wish(config, fold(config, [report(1, [0.5 + added, 0.4 + added, 0.1 + added], [8, 16, 8])]))
    near(of(0.7), of(0), 13)
  })

  it('leaves a domain without rollouts its window and count, while its score grows with the others', () => {
    const before = fold(config, [report(1, [0.5, 0.4, 0.3], [8, 8, 8])])
    const after = fold(config, [report(2, [0.5, 0.4, 0], [80, 80, 0])], before)
    expect(after.windows[2]).toBe(before.windows[2])
    expect(after.seen[2]).toBe(8)
    expect(after.score[2]).toBeGreaterThan(before.score[2]!)
  })

  it('gives a domain that has never reported practically everything', () => {
    const silent = (rollouts: number) => {
      const state = fold(config, [report(1, [0.5, 0.5, 0], [rollouts / 2, rollouts / 2, 0])])
      return 1 - wish(config, state)[2]!
    }
    expect(silent(56)).toBeLessThan(1e-6)
    expect(silent(1344)).toBeLessThan(1e-11)
  })

  it('takes the best domains only at a temperature of 0', () => {
    expect(
      wish(
        configured({ temperature: 0 }),
        fold(configured({ temperature: 0 }), [report(1, [1, 0, 1], [8, 8, 8])]),
      ),
    ).toEqual([0.5, 0, 0.5])
  })

  it('counts prompts in the bonus where told to, and rollouts in the window still', () => {
    const prompts = configured({ bonusCounts: 'prompts' })
    const fact = rolloutStep(1, { rollouts: [64, 16, 16], absAdvantageSum: [32, 8, 8], prompts: [4, 1, 1] })
    const state = fold(prompts, [fact])
    expect(state.seen).toEqual([4, 1, 1])
    expect(state.bonus[0]).toBeCloseTo(Math.sqrt((2 * Math.log(7)) / 5), 14)
    expect(windowCount(state.windows[0]!)).toBe(64)
    expect(dump.signals(prompts)).toEqual(['absAdvantageSum', 'rollouts', 'prompts'])
  })

  it('takes scores of evaluations for rollouts, as the official code does, only where configured', () => {
    const validates = configured({ validationScores: { a: 'heldOut/a', c: 'heldOut/c' } })
    const evaluation = {
      kind: 'evaluation',
      step: 9,
      loss: [1, 1, 1],
      scores: { 'heldOut/a': -0.25, 'heldOut/b': 9 },
    } as const
    const before = fold(validates, [report(1, [0.5, 0.4, 0.3], [8, 8, 8])])
    const after = fold(validates, [evaluation], before)
    expect(after.seen).toEqual([9, 8, 8])
    expect(after.statistic[0]).toBeCloseTo((8 * 0.5 + 0.25) / 9, 14)
    expect(dump.evaluations!(validates)).toEqual({ scores: ['heldOut/a', 'heldOut/c'] })
    const without = fold(config, [report(1, [0.5, 0.4, 0.3], [8, 8, 8])])
    expect(fold(config, [evaluation], without)).toBe(without)
    expect(dump.evaluations!(config)).toEqual({})
    expect(configure(dump, { validationScores: { z: 'heldOut/z' } }, start)).toMatchObject({ ok: false })
  })

  it('explains a change as learnability and exploration, from the last mixture on', () => {
    const first = fold(config, [report(1, [0.5, 0.4, 0.3], [8, 8, 8])])
    const taken = wish(config, first)
    const onlyCounts = fold(
      config,
      [{ kind: 'mixture', step: 1, weights: taken }, report(2, [0.5, 0.4, 0.3], [80, 8, 8])],
      first,
    )
    const proposal = dump.decide(config, onlyCounts, taken)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    const { learnability, exploration, floor } = proposal.because.parts
    near(learnability!, [0, 0, 0], 12)
    expect(exploration![0]).toBeLessThan(0)
    near(floor!, [0, 0, 0], 15)
    expect(Object.keys(proposal.because.parts)).not.toContain('carriedOver')
  })
})

describe('DUMP from pass counts', () => {
  it('equals the sums where every step of a domain is one prompt', () => {
    const counts = configured({ signal: 'passCounts', deviationEpsilon: 0 })
    const state = fold(counts, [rolloutStep(1, { rollouts: [16, 16, 16], successes: [8, 1, 16] })])
    near(state.statistic, [0.96825, 0.46875, 0], 5)
    expect(dump.signals(counts)).toEqual(['successes', 'rollouts'])
  })

  it('leaves out counts that are none', () => {
    const counts = configured({ signal: 'passCounts' })
    const state = fold(counts, [rolloutStep(1, { rollouts: [16, 16, 16], successes: [17, -1, 4] })])
    expect(state.seen).toEqual([0, 0, 16])
  })
})

describe('DUMP as DataFlex-RL has it', () => {
  const means = [0.447779, 0.6089276, 0.8705044]

  it('has a window of 50, a temperature of 1 and a floor by clamping and dividing', () => {
    const config = configured({ variant: 'dataflex', windowRollouts: 100 })
    const fact = rolloutStep(5, {
      rollouts: [40, 88, 56],
      absAdvantageSum: means.map((mean, i) => mean * [40, 88, 56][i]!),
    })
    near(wish(config, fold(config, [fact])), [0.2930367419, 0.2927514642, 0.4142117939], 9)
    const short = configured({ variant: 'dataflex' })
    expect(windowCount(fold(short, [fact]).windows[1]!)).toBe(50)
  })

  it('is softmax of the mean reward where it is fed as its trainer feeds it', () => {
    const config = configured({ variant: 'dataflex-as-wired' })
    const rewards = rolloutStep(5, { rollouts: [50, 50, 10], rewardSum: [34, 40, -2.5] })
    const powers = [0.68, 0.8, -0.25].map(Math.exp)
    const total = powers.reduce((a, b) => a + b)
    near(
      wish(config, fold(config, [rewards])),
      powers.map((power) => power / total),
      12,
    )
    expect(dump.signals(config)).toEqual(['rewardSum', 'rollouts'])
    expect(dump.signals({ ...config, signal: 'passCounts' })).toEqual(['successes', 'rollouts'])
  })

  it('looks only at steps that are due, though the windows see all', () => {
    const config = configured({ variant: 'dataflex', warmupSteps: 5, updateEvery: 5 })
    const fact = (step: number) => rolloutStep(step, { rollouts: [8, 8, 8], absAdvantageSum: [8, 4, 2] })
    const early = fold(config, [0, 1, 4].map(fact))
    expect(early.updates).toBe(0)
    expect(early.seen).toEqual([24, 24, 24])
    expect(dump.decide(config, early, start.weights)).toMatchObject({
      kind: 'hold',
      because: expect.stringContaining('from 5 on that are a multiple of 5') as string,
    })
    expect(fold(config, [fact(5), fact(7)], early).updates).toBe(1)
  })

  it('refuses a floor that cannot be kept by mixing, and lowers the usual one instead', () => {
    const mixed = { variant: 'dataflex', floorBy: 'mixing' } as const
    expect(configure(dump, { ...mixed, floor: 0.4 }, start)).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^floor: expected at most 1\/3/)],
    })
    const many = startOf(...Array.from({ length: 40 }, (_, i) => `d${i}`))
    const config = configured(mixed)
    const one = new Array<number>(40).fill(8)
    const sums = one.map((count, i) => (i === 0 ? 100 * count : 0))
    const state = dump.evolve(
      config,
      dump.initialState(config, many),
      rolloutStep(1, { rollouts: one, absAdvantageSum: sums }),
    )
    const weights = wish(config, state, many.weights)
    expect(Math.min(...weights)).toBeCloseTo(1 / 80, 12)
    expect(weights[0]).toBeCloseTo(1 - 39 / 80, 12)
  })
})
