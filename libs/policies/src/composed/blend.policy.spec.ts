import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blend as blendOf } from './blend.policy.js'
import { configure } from '../configure.js'
import type { AnyPolicy, PolicyStart, Proposal } from '../policy.js'
import { findPolicy } from '../registry.js'
import { stepWith } from '../step-fact.fixture.js'

const start: PolicyStart = {
  domains: [
    { name: 'code', tokens: 30 },
    { name: 'web', tokens: 10 },
  ],
  weights: [0.6, 0.4],
  horizon: { steps: 10 },
}

/** A policy that says what it is told to, whatever happens; it remembers the mixtures it is told of. */
const saying = (proposal: Proposal): AnyPolicy => ({
  ...findPolicy('uniform')!,
  name: 'saying',
  signals: () => ['rollouts'],
  evaluations: () => ({ loss: true, scores: ['mmlu'] }),
  initialState: () => [],
  evolve: (_config: unknown, state: unknown[], fact) =>
    fact.kind === 'mixture' ? [...state, fact.weights] : state,
  decide: () => proposal,
})
const holdingOn: Proposal = { kind: 'hold', because: 'No update yet.' }
const wanting = (weights: readonly number[], parts: Record<string, readonly number[]>): Proposal => ({
  kind: 'reweigh',
  weights,
  because: { summary: 'It wants this.', parts },
  controls: { t: 1 },
})

function ready(given: object, inner?: Proposal, run = start) {
  const policy = blendOf((name) =>
    name === 'saying' && inner !== undefined ? saying(inner) : findPolicy(name),
  )
  const configured = configure(policy, inner === undefined ? given : { policy: 'saying', ...given }, run)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  return { policy, config: configured.config, state: policy.initialState(configured.config, run) }
}

describe('a blend', () => {
  it('is (1 − s) of the proposal and s of the fixed mixture, and its parts say which moved it', () => {
    const inner = wanting([0.9, 0.1], { reward: [0.25, -0.25], exploration: [0.05, -0.05] })
    const { policy, config, state } = ready({ mixture: 'uniform', share: 0.25 }, inner)
    const proposal = policy.decide(config, state, start.weights)
    expect(proposal).toMatchObject({
      kind: 'reweigh',
      because: { summary: 'A share of 0.25 is the uniform mixture. It wants this.' },
      controls: { t: 1 },
    })
    if (proposal.kind !== 'reweigh') throw new Error('It holds.')
    const close = (values: readonly number[], expected: readonly number[]) =>
      values.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 14))
    close(proposal.weights, [0.75 * 0.9 + 0.25 * 0.5, 0.75 * 0.1 + 0.25 * 0.5])
    close(proposal.because.parts['reward']!, [0.1875, -0.1875])
    close(proposal.because.parts['exploration']!, [0.0375, -0.0375])
    close(proposal.because.parts['blend']!, [-0.025, 0.025])
  })

  it.each([
    ['start', {}, [0.75, 0.25]],
    ['uniform', {}, [0.7, 0.3]],
    ['natural', {}, [0.825, 0.175]],
    ['given', { code: 0, web: 2 }, [0.45, 0.55]],
  ])('knows the mixture %s', (mixture, weights, expected) => {
    const { policy, config, state } = ready(
      { mixture, weights, share: 0.5 },
      wanting([0.9, 0.1], { all: [0.3, -0.3] }),
    )
    const proposal = policy.decide(config, state, start.weights)
    if (proposal.kind !== 'reweigh') throw new Error('It holds.')
    proposal.weights.forEach((weight, i) => expect(weight).toBeCloseTo(expected[i]!, 14))
  })

  it('keeps the policy inside in its own part of the mixture: once adopted, nothing is left to move', () => {
    const { policy, config, state } = ready({ mixture: 'uniform', share: 0.25 }, holdingOn)
    const first = policy.decide(config, state, start.weights)
    if (first.kind !== 'reweigh') throw new Error('It holds.')
    expect(first.weights[0]).toBeCloseTo(0.75 * 0.6 + 0.25 * 0.5, 14)
    const after = policy.evolve(config, state, { kind: 'mixture', step: 1, weights: first.weights })
    expect(after.own[0]).toBeCloseTo(0.6, 14)
    expect(policy.decide(config, after, first.weights)).toEqual({
      kind: 'hold',
      because: 'Blended with the uniform mixture: No update yet.',
    })
  })

  it('with its own start holds while the policy inside does', () => {
    const { policy, config, state } = ready({ mixture: 'start', share: 0.25 }, holdingOn)
    expect(policy.decide(config, state, start.weights)).toMatchObject({ kind: 'hold' })
  })

  it('tells the policy inside as much of an override as reaches it', () => {
    const { policy, config, state } = ready({ mixture: 'uniform', share: 0.5 }, holdingOn)
    const after = policy.evolve(config, state, { kind: 'mixture', step: 1, weights: [1, 0] })
    expect(after.own).toEqual([1, 0])
    expect(after.inner).toEqual([[1, 0]])
    expect(policy.decide(config, after, [1, 0])).toMatchObject({
      kind: 'reweigh',
      weights: [0.75, 0.25],
      because: { parts: { blend: [-0.25, 0.25] } },
    })
  })

  it('of a share of 1 is the fixed mixture, and of 0 the policy inside', () => {
    const wants = wanting([0.9, 0.1], { all: [0.3, -0.3] })
    for (const [share, expected] of [
      [1, [0.5, 0.5]],
      [0, [0.9, 0.1]],
    ] as const) {
      const { policy, config, state } = ready({ mixture: 'uniform', share }, wants)
      expect(policy.decide(config, state, start.weights)).toMatchObject({ weights: expected })
      const after = policy.evolve(config, state, { kind: 'mixture', step: 1, weights: expected })
      expect(after.own).toEqual(share === 1 ? start.weights : expected)
    }
  })

  it.each([
    [{ steps: 10 }, [0.9, 0.8, 0.7]],
    [{ share: 0.5 }, [0.8, 0.6, 0.4]],
    [{ tokens: 8192 }, [0.75, 0.5, 0.25]],
    [{ tokens: 2048 }, [0, 0, 0]],
  ])('fades over %j', (over, shares) => {
    const { policy, config, state } = ready(
      { mixture: 'uniform', share: 1, fade: { to: 0, over } },
      holdingOn,
    )
    let now = state
    shares.forEach((share, i) => {
      now = policy.evolve(config, now, stepWith(i + 1, [1, 1], start.weights))
      const proposal = policy.decide(config, now, [0.5, 0.5])
      const weights = proposal.kind === 'reweigh' ? proposal.weights : [0.5, 0.5]
      expect(weights[0]).toBeCloseTo((1 - share) * 0.6 + share * 0.5, 14)
    })
  })

  it('passes on what the policy inside steers, alone or beside the mixture', () => {
    const steer: Proposal = { kind: 'steer', controls: { t: 2 }, because: { summary: 'Cooler.', parts: {} } }
    const same = ready({ mixture: 'start' }, steer)
    expect(same.policy.decide(same.config, same.state, start.weights)).toMatchObject({
      kind: 'steer',
      controls: { t: 2 },
    })
    const other = ready({ mixture: 'uniform' }, steer)
    expect(other.policy.decide(other.config, other.state, start.weights)).toMatchObject({
      kind: 'reweigh',
      controls: { t: 2 },
    })
  })

  it('needs what the policy inside needs', () => {
    const { policy, config } = ready({}, holdingOn)
    expect(policy.signals(config)).toEqual(['rollouts'])
    expect(policy.evaluations?.(config)).toEqual({ loss: true, scores: ['mmlu'] })
  })

  it('adds up, whatever it is asked and whoever moved the mixture, blends inside blends too', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true })
    const weight = fc.tuple(unit, unit).filter(([a, b]) => a + b > 1e-6)
    const asMixture = ([a, b]: readonly [number, number]) => [a / (a + b), b / (a + b)]
    fc.assert(
      fc.property(
        unit,
        unit,
        weight,
        weight,
        fc.array(weight, { maxLength: 3 }),
        (share, inside, p, c, moves) => {
          const nested = { policy: 'blend', config: { policy: 'static', mixture: 'natural', share: inside } }
          const given = { ...nested, mixture: 'given', weights: { code: p[0], web: p[1] }, share }
          const { policy, config, state } = ready(given)
          let now = state
          for (const [step, move] of moves.entries())
            now = policy.evolve(config, now, { kind: 'mixture', step, weights: asMixture(move) })
          const current = asMixture(c)
          const proposal = policy.decide(config, now, current)
          if (proposal.kind !== 'reweigh') return
          proposal.weights.forEach((value, i) => {
            const parts = Object.values(proposal.because.parts).reduce((all, part) => all + part[i]!, 0)
            expect(Math.abs(parts - (value - current[i]!))).toBeLessThan(1e-12)
          })
        },
      ),
    )
  })
})

describe('a blend is refused, with the path of the fault,', () => {
  const { horizon: _, ...endless } = start
  it.each([
    [{ policy: 'odn' }, 'policy: expected a known policy, got "odn"'],
    [{ policy: 'doremi' }, 'policy: expected a policy that sets sampling probabilities, got doremi'],
    [{ config: { smoothing: 2 } }, 'config: smoothing: expected a number at least 0 and at most 1, got 2'],
    [{ share: 1.5 }, 'share: expected a number at least 0 and at most 1, got 1.5'],
    [{ mixture: 'given' }, 'weights: expected a weight for every domain, got none'],
    [{ mixture: 'given', weights: { code: 1 } }, 'but web has none'],
    [{ weights: { code: 1, web: 1 } }, 'weights: expected none with the mixture "start"'],
    [{ fade: { to: 0, over: {} } }, 'fade.over: expected exactly one of steps, tokens, share, got none'],
    [{ fade: { to: 0, over: { share: 0.5 } } }, 'fade.over.share: expected a run that declares its horizon'],
  ])('%j', (given, sentence) => {
    expect(configure(blendOf(findPolicy), given, endless)).toEqual({
      ok: false,
      problems: [expect.stringContaining(sentence)],
    })
  })

  it('for the natural mixture of domains that declare no tokens', () => {
    const run = { ...start, domains: [{ name: 'code' }, { name: 'web', tokens: 3 }] }
    expect(configure(blendOf(findPolicy), { mixture: 'natural' }, run)).toEqual({
      ok: false,
      problems: [
        expect.stringContaining(
          'mixture: Expected the number of tokens of every domain, but code declares none',
        ),
      ],
    })
  })
})
