import { describe, expect, it } from 'vitest'
import { ado } from './ado.policy.js'
import type { AdoConfig } from './ado-settings.js'
import type { AdoState } from './ado-state.js'
import { configure } from '../configure.js'
import type { PolicyFact, StepFact } from '../policy.js'
import { scalingLawLoss } from './scaling-law.js'

const names = ['code', 'math', 'news']
const weights = [0.5, 0.3, 0.2]
const start = { domains: names.map((name) => ({ name })), weights }

function configured(changes: Partial<AdoConfig>): AdoConfig {
  const result = configure(ado, changes, start)
  if (!result.ok) throw new Error(result.problems.join(' '))
  return result.config
}

/** Laws of loss over the sequences of all domains, and a batch of 256 that is mixed as the weights say. */
const laws = [
  { logScale: Math.log(20), logIrreducible: Math.log(2), exponent: 0.3 },
  { logScale: Math.log(12), logIrreducible: Math.log(0.8), exponent: 0.2 },
  { logScale: Math.log(30), logIrreducible: Math.log(1.9), exponent: 0.4 },
]
const batch = 256
function batchOf(step: number, mix: readonly number[], loss?: (domain: number) => number): StepFact {
  const seen = batch * (step + 1)
  const losses = laws.map((law, i) => loss?.(i) ?? scalingLawLoss(law, seen))
  const sequences = mix.map((share) => share * batch)
  return {
    kind: 'step',
    step,
    present: mix.map((share) => share > 0),
    tokens: sequences.map((count) => count * 1024),
    lossSum: sequences.map((count, i) => (count > 0 ? count * 1024 * losses[i]! : 0)),
    sequences,
    signals: {},
    inForce: mix,
  }
}

function run(config: AdoConfig, steps: number, fact = (step: number) => batchOf(step, weights)): AdoState {
  let state = ado.initialState(config, start)
  for (let step = 0; step < steps; step++) state = ado.evolve(config, state, fact(step))
  return state
}
const fold = (config: AdoConfig, state: AdoState, facts: readonly PolicyFact[]) =>
  facts.reduce((folded, fact) => ado.evolve(config, folded, fact), state)
const because = (config: AdoConfig, state: AdoState) => {
  const proposal = ado.decide(config, state, weights)
  return proposal.kind === 'hold' ? proposal.because : proposal.because.summary
}
const quick = { startStep: 100, refitEvery: 100, ignoreSteps: 0, subsample: 1 }

describe('ADO through a run', () => {
  it('gives the numbers of the published code, by the whole way', () => {
    const parameters = [
      [2, 0.5, 0.3],
      [3, 0.7, 0.5],
      [1, 0.6, 0.01],
    ]
    const config = configured({ variant: 'official', startStep: 1000, fit: 'advice', parameters })
    const before = run(config, 1000)
    expect(ado.decide(config, before, weights).kind).toBe('hold')
    const after = ado.evolve(config, before, batchOf(1000, weights))
    ;[0.507183267, 0.2799748015, 0.2128419315].forEach((weight, i) =>
      expect(after.weights[i]).toBeCloseTo(weight, 9.5),
    )
  })

  it('stays with the prior before startStep and without laws, and says which it is', () => {
    const config = configured(quick)
    expect(because(config, ado.initialState(config, start))).toBe(
      'No update yet: no step has carried tokens of a domain.',
    )
    expect(because(config, run(config, 50))).toBe('No update yet: the prior stays in force before step 100.')
    const bad = run(config, 130, (step) => batchOf(step, weights, () => -1))
    expect(because(config, bad)).toBe(
      'No update yet: the last fit was refused, since a domain has 0 of the 20 points that a fit needs.',
    )
    expect(
      because(configured({ ...quick, fit: 'advice' }), run(configured({ ...quick, fit: 'advice' }), 130)),
    ).toBe('No update yet: no advice with three parameters a domain has come.')
  })

  it('fits the laws that made the losses', () => {
    const state = run(configured({ ...quick, startStep: 600, ignoreSteps: 100 }), 601)
    state.laws.forEach((law, i) => {
      for (const count of [batch * 150, batch * 600]) {
        expect(scalingLawLoss(law!, count) / scalingLawLoss(laws[i]!, count)).toBeCloseTo(1, 4)
      }
      expect(law!.exponent).toBeCloseTo(laws[i]!.exponent, 2)
    })
    expect(state.fittedAt).toBe(600)
    expect(because(configured(quick), state)).toContain('scaling laws fitted at step 600')
  })

  it('fits the official way too: filtered, every tenth, bounded, so that a low loss has no speed', () => {
    const config = configured({
      variant: 'official',
      startStep: 300,
      refitEvery: 100,
      ignoreSteps: 100,
      historyPoints: 0,
    })
    const state = run(config, 301)
    expect(scalingLawLoss(state.laws[0]!, batch * 300) / scalingLawLoss(laws[0]!, batch * 300)).toBeCloseTo(
      1,
      4,
    )
    expect(state.laws[1]!.logIrreducible).toBeGreaterThanOrEqual(0.5)
    expect(run(configured({ ...quick, startStep: 300 }), 301).laws[1]!.logIrreducible).toBeLessThan(0)
  })

  it('keeps a state that stops growing, unless it is to keep the whole history', () => {
    const size = (changes: Partial<AdoConfig>, steps: number) =>
      JSON.stringify(run(configured({ ...changes, subsample: 1, ignoreSteps: 0 }), steps).history).length
    expect(size({}, 4000)).toBeLessThan(1.2 * size({}, 1000))
    expect(size({ historyPoints: 0 }, 4000)).toBeGreaterThan(3 * size({ historyPoints: 0 }, 1000))
    expect(run(configured({ subsample: 1, ignoreSteps: 0 }), 4000).history.points.length).toBeLessThan(128)
  })

  it('has parts that say how much is speed, credit, floor and average', () => {
    const config = configured(quick)
    const state = run(config, 150)
    const proposal = ado.decide(config, state, weights)
    expect(proposal).toMatchObject({ kind: 'reweigh' })
    if (proposal.kind !== 'reweigh') return
    expect(Object.keys(proposal.because.parts)).toEqual(['learningSpeed', 'credit', 'floor', 'average'])
    const taken = ado.evolve(config, state, { kind: 'mixture', step: 150, weights: proposal.weights })
    expect(ado.decide(config, taken, proposal.weights)).toMatchObject({ kind: 'hold' })
  })
})

describe('refits of ADO', () => {
  const fits = (config: AdoConfig, steps: readonly number[]) => {
    let state = ado.initialState(config, start)
    const at: number[] = []
    for (const step of steps) {
      const next = ado.evolve(config, state, batchOf(step, weights))
      if (next.fittedAt !== state.fittedAt) at.push(step)
      state = next
    }
    return at
  }
  const steps = Array.from({ length: 250 }, (_, i) => i)

  it('fall on multiples in the official rule, and count from startStep in ours', () => {
    expect(fits(configured({ ...quick, startStep: 30, refitEvery: 100, refitsFrom: 'zero' }), steps)).toEqual(
      [100, 200],
    )
    expect(fits(configured({ ...quick, startStep: 30 }), steps)).toEqual([30, 130, 230])
  })

  it('are made up for where a step is missing', () => {
    expect(
      fits(
        configured({ ...quick, startStep: 30 }),
        steps.filter((step) => step !== 130),
      ),
    ).toEqual([30, 131, 230])
  })

  it('need enough points, where the official rule takes one', () => {
    expect(fits(configured({ ...quick, startStep: 10, fewestPoints: 20 }), steps)).toEqual([110, 210])
    const official = configured({ ...quick, variant: 'official', ignoreSteps: 100, subsample: 10 })
    const state = run(official, 101)
    expect(state.fittedAt).toBe(100)
    for (const law of state.laws)
      for (const parameter of Object.values(law!)) expect(Number.isFinite(parameter)).toBe(true)
  })

  it('one huge loss blocks every fit of the official rule, and none of ours', () => {
    const spiked = (step: number) =>
      batchOf(step, weights, step === 60 ? (i) => (i === 1 ? 10_000 : 3) : undefined)
    const official = configured({
      variant: 'official',
      startStep: 200,
      refitEvery: 100,
      ignoreSteps: 20,
      historyPoints: 0,
    })
    const blocked = run(official, 301, spiked)
    expect(blocked.updates).toBe(0)
    expect(because(official, blocked)).toBe(
      'No update yet: the last fit was refused, since a smoothed loss is not positive.',
    )
    const ours = run(configured({ startStep: 200, refitEvery: 100, ignoreSteps: 0 }), 301, spiked)
    expect(ours.updates).toBeGreaterThan(0)
    expect(scalingLawLoss(ours.laws[1]!, batch * 250) / scalingLawLoss(laws[1]!, batch * 250)).toBeCloseTo(
      1,
      3,
    )
  })

  it('of one domain that cannot be fitted leave it its prior share, and stop nobody else', () => {
    const absent = (step: number) => batchOf(step, [0.6, 0.4, 0])
    const state = run(configured(quick), 101, absent)
    expect(state.laws.map((law) => law !== null)).toEqual([true, true, false])
    expect(state.updates).toBeGreaterThan(0)
    expect(run(configured({ ...quick, adopt: 'all' }), 101, absent).updates).toBe(0)
  })
})

describe('what ADO counts and reads', () => {
  it('takes the mean over sequences where it was sent and laws count sequences', () => {
    const told = {
      ...batchOf(0, weights),
      signals: { sequenceLossSum: weights.map((share) => share * batch * 7) },
    }
    const last = (changes: Partial<AdoConfig>) => run(configured(changes), 1, () => told).lastLosses
    last({ variant: 'official' }).forEach((loss) => expect(loss).toBeCloseTo(7, 12))
    expect(last({})[0]).toBeCloseTo(scalingLawLoss(laws[0]!, batch), 12)
  })

  it('counts sequences from tokens where nobody counted them', () => {
    const { sequences: _, ...uncounted } = batchOf(0, weights)
    const config = configured({ variant: 'official' })
    expect(run(config, 1, () => uncounted).counts).toEqual(run(config, 1).counts)
  })

  it('gives all domains the count of the whole batch, or each its own', () => {
    expect(run(configured({}), 2).counts).toEqual([512, 512, 512])
    run(configured({ sharedCount: false }), 2).counts.forEach((count, i) =>
      expect(count).toBeCloseTo(512 * weights[i]!, 9),
    )
  })

  it('takes credit from realised counts, and in the paper from the mixture they were drawn by', () => {
    const told = { ...batchOf(0, [0.2, 0.2, 0.6]), inForce: weights }
    const credit = (variant: AdoConfig['variant']) => run(configured({ variant }), 1, () => told).credit
    expect(credit('official')[2]).toBeCloseTo(0.9 * 0.2 + 0.1 * 0.6, 12)
    expect(credit('paper')[2]).toBeCloseTo(0.2, 12)
    expect(credit('mixtera')[2]).toBeCloseTo(0.2, 12)
  })

  it('lets an absent domain repeat its last loss, and before its first have the mean of the batch', () => {
    const config = configured({ variant: 'official' })
    const first = ado.evolve(
      config,
      ado.initialState(config, start),
      batchOf(0, [0.5, 0.5, 0], (i) => 2 + i),
    )
    expect(first.lastLosses).toEqual([2, 3, 2.5])
    const second = ado.evolve(
      config,
      first,
      batchOf(1, [0, 0.5, 0.5], () => 4),
    )
    expect(second.lastLosses).toEqual([2, 4, 4])
  })

  it('changes nothing in a step without tokens', () => {
    const config = configured({})
    const state = run(config, 3)
    expect(ado.evolve(config, state, batchOf(3, [0, 0, 0]))).toBe(state)
  })

  it('takes laws from advice, three numbers a domain, and ignores advice of another length', () => {
    const config = configured({ startStep: 0, fit: 'advice' })
    const advice = (values: readonly number[]) => ({
      kind: 'advice' as const,
      step: 0,
      source: 'fit',
      values,
    })
    const fresh = ado.initialState(config, start)
    expect(ado.evolve(config, fresh, advice([1, 2, 3]))).toBe(fresh)
    const state = fold(config, fresh, [advice([2, 0.5, 0.3, 3, 0.7, 0.5, 1, 0.6, 0.1]), batchOf(0, weights)])
    expect(state.laws[1]).toEqual({ logScale: 3, logIrreducible: 0.7, exponent: 0.5 })
    expect(state.updates).toBe(1)
    expect(because(config, state)).toContain('scaling laws advised at step 0')
    const partly = fold(config, state, [advice([NaN, 0, 0, 4, 0.7, 0.5, 1, 0.6, 0.1])])
    expect(partly.laws.map((law) => law!.logScale)).toEqual([2, 4, 1])
    const all = configured({ startStep: 0, fit: 'advice', adopt: 'all' })
    expect(fold(all, state, [advice([NaN, 0, 0, 4, 0.7, 0.5, 1, 0.6, 0.1])]).laws).toEqual(state.laws)
  })

  it('can fit to held-out losses, at the count of the step they were measured at', () => {
    const config = configured({ ...quick, losses: 'evaluation', startStep: 400, fewestPoints: 5 })
    expect(ado.evaluations!(config)).toEqual({ loss: true })
    expect(ado.evaluations!(configured({}))).toEqual({})
    let state = ado.initialState(config, start)
    for (let step = 0; step <= 400; step++) {
      state = ado.evolve(
        config,
        state,
        batchOf(step, weights, () => 9),
      )
      if (step % 20 !== 0) continue
      const held = laws.map((law) => scalingLawLoss(law, batch * (step + 1)))
      // Two messages of one evaluation make one point.
      state = ado.evolve(config, state, {
        kind: 'evaluation',
        step,
        loss: [held[0]!, null, null],
        scores: {},
      })
      state = ado.evolve(config, state, {
        kind: 'evaluation',
        step,
        loss: [null, held[1]!, held[2]!],
        scores: {},
      })
    }
    state.laws.forEach((law, i) => expect(law!.exponent).toBeCloseTo(laws[i]!.exponent, 6))
    expect(state.history.points).toHaveLength(20)
  })
})

describe('the configuration of ADO', () => {
  const problems = (changes: object) => {
    const result = configure(ado, changes, start)
    return result.ok ? [] : result.problems
  }

  it('is sound by default in every variant', () => {
    for (const variant of ['recommended', 'official', 'mixtera', 'paper'])
      expect(problems({ variant })).toEqual([])
  })

  it.each([
    [
      { smoothingWindow: 100 },
      'smoothingWindow: expected an odd number of rows, got 100; add or take away one.',
    ],
    [
      { smoothingWindow: 3 },
      'smoothingOrder: expected less than smoothingWindow (3), got 3; lower it or widen the window.',
    ],
    [
      { lowestExponent: 0.9 },
      'lowestExponent: expected less than highestExponent (0.8), got 0.9; lower it or raise the other.',
    ],
    [
      { parameters: [[1, 2, 3]] },
      'parameters: expected three numbers for each of the 3 domains of this run, got 1 rows; give logScale, logIrreducible and exponent, in the order of the domains.',
    ],
    [
      { prior: 'tokens' },
      'prior: expected tokens of every domain, but code, math, news declares none; declare `tokens` at the start of the run, or set prior to start.',
    ],
  ])('says what is wrong with %j', (changes, sentence) => expect(problems(changes)).toEqual([sentence]))

  it('can take the prior from declared tokens', () => {
    const sized = { ...start, domains: names.map((name, i) => ({ name, tokens: (i + 1) * 100 })) }
    expect(ado.initialState({ ...ado.defaults, prior: 'tokens' }, sized).prior).toEqual([1 / 6, 2 / 6, 3 / 6])
  })
})
