import { describe, expect, it } from 'vitest'
import { configure } from '../configure.js'
import { curveLoss } from './equitable-allocation.js'
import { equitable } from './equitable.policy.js'
import type { EquitableConfig, EquitableState } from './equitable-state.js'
import type { PolicyFact, StepFact } from '../policy.js'

const names = ['a', 'b', 'c']
const even = [1 / 3, 1 / 3, 1 / 3]
const start = { domains: names.map((name) => ({ name })), weights: even }
const byName = <T>(values: readonly T[]) => Object.fromEntries(names.map((name, i) => [name, values[i]!]))
const curves = [
  { scale: 40, exponent: 0.5, irreducible: 1 },
  { scale: 10, exponent: 0.5, irreducible: 0.5 },
  { scale: 10, exponent: 0.3, irreducible: 0 },
]

function configured(changes: Partial<EquitableConfig>): EquitableConfig {
  const result = configure(equitable, changes, start)
  if (!result.ok) throw new Error(result.problems.join(' '))
  return result.config
}
const step = (number: number, tokens: readonly number[], sequences?: readonly number[]): StepFact => ({
  kind: 'step',
  step: number,
  present: tokens.map((count) => count > 0),
  tokens,
  lossSum: tokens,
  ...(sequences === undefined ? {} : { sequences }),
  signals: {},
  inForce: even,
})
const evaluation = (number: number, loss: readonly (number | null)[]): PolicyFact => ({
  kind: 'evaluation',
  step: number,
  loss,
  scores: {},
})
const fold = (
  config: EquitableConfig,
  facts: readonly PolicyFact[],
  from = equitable.initialState(config, start),
) => facts.reduce((state, fact) => equitable.evolve(config, state, fact), from)
const because = (config: EquitableConfig, state: EquitableState, current: readonly number[] = even) => {
  const proposal = equitable.decide(config, state, current)
  return proposal.kind === 'hold' ? proposal.because : proposal.because.summary
}
const wish = (config: EquitableConfig, state: EquitableState, current: readonly number[] = even) => {
  const proposal = equitable.decide(config, state, current)
  return proposal.kind === 'reweigh' ? proposal.weights : undefined
}

/** Rounds of 1000 tokens a domain, each followed by the losses that the curves give. */
const rounds = (count: number, losses = curves): readonly PolicyFact[] =>
  Array.from({ length: count }, (_, n) => [
    step(n, [1000, 1000, 1000]),
    evaluation(
      n,
      losses.map((curve) => curveLoss(curve, 1000 * (n + 1))),
    ),
  ]).flat()

describe('equitable sampling with known curves', () => {
  const config = configured({
    budget: 300,
    curves: byName([
      { scale: 4, exponent: 0.5, irreducible: 0 },
      { scale: 1, exponent: 0.5, irreducible: 0 },
      { scale: 1, exponent: 1, irreducible: 0 },
    ]),
    costs: byName([1, 1, 2]),
    held: byName([1, 1, 1]),
  })

  it('has weights in proportion to the samples that are still to come', () => {
    const samples = [179.6409, 71.2905, 24.5343]
    const proposal = equitable.decide(config, equitable.initialState(config, start), even)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    const total = samples.reduce((a, b) => a + b - 1, 0)
    samples.forEach((count, i) => expect(proposal.weights[i]).toBeCloseTo((count - 1) / total, 6))
    const { allocation } = proposal.controls as {
      allocation: { samples: number[]; spent: number; level: null }
    }
    samples.forEach((count, i) => expect(allocation.samples[i]).toBeCloseTo(count, 4))
    expect(allocation.spent).toBeCloseTo(300, 9)
    expect(allocation.level).toBeNull()
  })

  it('wants no evaluations, and still wants the same when a part has been bought', () => {
    expect(equitable.evaluations!(config)).toEqual({})
    const fresh = equitable.initialState(config, start)
    const wanted = wish(config, fresh)!
    const small = { ...config, block: 10 }
    const bought = fold(small, [
      step(
        1,
        wanted.map((weight) => 60 * weight),
      ),
    ])
    expect(bought.round.number).toBe(1)
    wanted.forEach((weight, i) => expect(wish(small, bought)![i]).toBeCloseTo(weight, 9))
  })

  it('holds when the budget is spent, when caps bind, and when no curve falls', () => {
    const spent = fold({ ...config, block: 1 }, [step(1, [100, 100, 100])])
    expect(because({ ...config, block: 1 }, spent)).toBe('The budget of 300 is spent.')
    const capped = configured({ curves: config.curves, caps: byName([1, 1, 1]), held: byName([1, 1, 1]) })
    expect(because(capped, equitable.initialState(capped, start))).toBe(
      'Every domain whose loss would fall has all the samples that there are.',
    )
    const flat = configured({
      curves: byName([0, 0, 0].map((scale) => ({ scale, exponent: 1, irreducible: 2 }))),
    })
    expect(because(flat, equitable.initialState(flat, start))).toBe(
      'No learning curve falls with more samples, so no allocation is better than another.',
    )
  })

  it('can raise the worst off', () => {
    const worst = configured({
      objective: 'max',
      curves: byName(curves),
      block: 1e6,
      held: byName([1000, 1000, 1000]),
    })
    const proposal = equitable.decide(worst, equitable.initialState(worst, start), even)
    if (proposal.kind !== 'reweigh') throw new Error(proposal.kind)
    const { allocation } = proposal.controls as { allocation: { losses: number[]; level: number } }
    expect(Math.max(...allocation.losses)).toBeCloseTo(allocation.level, 9)
    expect(because(worst, equitable.initialState(worst, start))).toContain('the largest loss')
  })

  it('sequentially gives a block to the domain that gains most of its cost, or whose loss is largest', () => {
    const base = {
      curves: byName(curves),
      allocation: 'sequential' as const,
      block: 1000,
      held: byName([4000, 1000, 2000]),
    }
    const sum = configured(base)
    // Falls by 40/√4000 − 40/√5000 = 0.067, 10/√1000 − 10/√2000 = 0.093 and 0.119.
    expect(wish(sum, equitable.initialState(sum, start))).toEqual([0, 0, 1])
    const important = configured({ ...base, importance: byName([2, 1, 1]) })
    expect(wish(important, equitable.initialState(important, start))).toEqual([1, 0, 0])
    // Losses 1.63, 0.82 and 1.02.
    const max = configured({ ...base, objective: 'max' })
    expect(wish(max, equitable.initialState(max, start))).toEqual([1, 0, 0])
    const full = configured({ ...base, objective: 'max', caps: byName([4000, 9000, 9000]) })
    expect(wish(full, equitable.initialState(full, start))).toEqual([0, 0, 1])
    const alike = configured({
      ...base,
      curves: byName([curves[0]!, curves[0]!, curves[1]!]),
      held: byName([9, 9, 9000]),
    })
    expect(wish(alike, equitable.initialState(alike, start))).toEqual([0.5, 0.5, 0])
  })
})

describe('equitable sampling that learns its curves', () => {
  const config = configured({ exploration: 0, block: 1e5 })

  it('says what it waits for', () => {
    expect(equitable.evaluations!(config)).toEqual({ loss: true })
    expect(because(config, equitable.initialState(config, start))).toBe(
      'No update yet: no evaluation has carried the held-out loss of a domain together with samples of it.',
    )
    expect(because(config, fold(config, rounds(3)))).toBe(
      'Not every domain has been evaluated at 4 sizes yet, and this round does not explore; the mixture stays as it is.',
    )
  })

  it('finds curves that losses lie on, and allocates as if they had been known', () => {
    const learned = fold(config, rounds(6))
    const known = configured({ curves: byName(curves), held: byName([6000, 6000, 6000]), block: 1e5 })
    learned.curves.forEach((curve, i) => {
      expect(curve!.exponent).toBeCloseTo(curves[i]!.exponent, 5)
      expect(curve!.irreducible).toBeCloseTo(curves[i]!.irreducible, 4)
    })
    const expected = wish(known, equitable.initialState(known, start))!
    wish(config, learned)!.forEach((weight, i) => expect(weight).toBeCloseTo(expected[i]!, 4))
  })

  it('counts an evaluation in several messages as one round, and an evaluation at the same size once', () => {
    const split = fold(config, [
      step(0, [10, 10, 10]),
      evaluation(0, [3, null, null]),
      evaluation(0, [null, 2, 1]),
    ])
    expect(split.round.number).toBe(1)
    const again = fold(config, [evaluation(1, [2.5, null, null])], split)
    expect(again.round.number).toBe(2)
    expect(again.points[0]).toEqual([{ size: 10, loss: 2.5 }])
  })

  it('ignores losses that are none, and domains without samples', () => {
    const state = fold(config, [step(0, [10, 0, 10]), evaluation(0, [1e300, 2, -1])])
    expect(state.points).toEqual([[], [], []])
    expect(state.round.number).toBe(0)
  })

  it('explores with the given chance, by its seed, one domain at a time and only those that need it', () => {
    const always = configured({ exploration: 1 })
    const facts = rounds(5).map((fact) =>
      fact.kind === 'evaluation' ? { ...fact, loss: [fact.loss[0]!, null, null] } : fact,
    )
    const state = fold(always, facts)
    const shares = wish(always, state)!
    expect(shares[0]).toBe(0)
    expect(shares.toSorted()).toEqual([0, 0, 1])
    expect(because(always, state)).toBe(
      'Exploration, round 5: one block for a domain that has been evaluated at fewer than 4 sizes.',
    )
    expect(wish(always, state)).toEqual(shares)
    const seen = new Set<string>()
    let explored = 0
    for (let seed = 0; seed < 400; seed++) {
      const some = { ...always, seed, exploration: 0.25 }
      const drawn = wish(some, state)
      if (drawn !== undefined) explored++
      if (drawn !== undefined) seen.add(String(drawn))
    }
    expect(seen.size).toBe(2)
    expect(explored / 400).toBeCloseTo(0.25, 1)
  })

  it('lets a domain keep its share as long as its curve may only look flat, then gives it nothing', () => {
    const flat = [curves[0]!, curves[1]!, { scale: 0, exponent: 1, irreducible: 2 }]
    const current = [0.2, 0.3, 0.5]
    expect(wish(config, fold(config, rounds(5, flat)), current)![2]).toBeCloseTo(0.5, 12)
    expect(wish(config, fold(config, rounds(8, flat)), current)![2]).toBe(0)
  })

  it('keeps a bounded history, the newest evaluation always', () => {
    const small = configured({ historyPoints: 16, exploration: 0 })
    const state = fold(small, rounds(50))
    for (const points of state.points) {
      expect(points.length).toBeLessThanOrEqual(16)
      expect(points.at(-1)!.size).toBe(50_000)
    }
  })

  it('can count sequences, and takes declared tokens as caps where it counts tokens', () => {
    const sequences = configured({ unit: 'sequences' })
    expect(fold(sequences, [step(0, [512, 512, 512], [1, 2, 3])]).held).toEqual([1, 2, 3])
    expect(fold(sequences, [step(0, [512, 512, 512])]).held).toEqual([0, 0, 0])
    const sized = { ...start, domains: names.map((name) => ({ name, tokens: 100 })) }
    expect(equitable.initialState(config, sized).terms[0]!.cap).toBe(100)
    expect(equitable.initialState(sequences, sized).terms[0]!.cap).toBeNull()
  })
})

describe('the configuration of equitable sampling', () => {
  it.each([
    [
      { costs: { a: 1, b: 1 } },
      'costs: expected a number for every domain of this run, got none for c; add them.',
    ],
    [
      { fewestSizes: 9 },
      'fewestSizes: expected at most sizesToStarve (8), got 9; lower it or raise the other.',
    ],
    [
      { historyPoints: 12 },
      'historyPoints: expected at least twice sizesToStarve (8), got 12; raise it or lower the other.',
    ],
    [
      { curves: { ...byName(curves), d: curves[0]! } },
      'curves: expected names of domains of this run, got d as well; correct or remove them.',
    ],
  ])('says what is wrong with %j', (changes, sentence) => {
    expect(configure(equitable, changes, start)).toEqual({ ok: false, problems: [sentence] })
  })
})
