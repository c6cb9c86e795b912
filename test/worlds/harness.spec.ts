import { policies } from '@mixdesk/policies'
import { worlds } from '@mixdesk/simulation'
import { describe, expect, it } from 'vitest'
import { behaviourOf } from '../../scripts/worlds/behaviour-of.mjs'
import { pairedDifference, tQuantile } from '../../scripts/worlds/paired.mjs'
import { runPolicy, signalsIn } from '../../scripts/worlds/run-policy.mjs'
import { notRun, setupsOf } from '../../scripts/worlds/setups.mjs'

const runnable = policies.map(({ name }) => name).filter((name) => !Object.hasOwn(notRun, name))

describe('a run in a world', () => {
  const short = { world: worlds.plain, policy: 'odm', trainer: { steps: 100 } }

  it('is determined by its seed', () => {
    const run = (seed: number) => JSON.stringify(runPolicy({ ...short, seed }))
    expect(run(1)).toBe(run(1))
    expect(run(1)).not.toBe(run(2))
  })

  it('takes the path of every run: versions, cadence, guard rails and their names', () => {
    const guards = { floor: 0.1, largestChange: 0.1 }
    const { decisions } = runPolicy({ ...short, seed: 1, guards })
    expect(decisions.map(({ version }) => version)).toEqual(decisions.map((_, i) => i + 1))
    for (const { step } of decisions.slice(1)) expect(step % 10).toBe(9)
    for (const { weights } of decisions) expect(Math.min(...weights)).toBeGreaterThanOrEqual(0.1 - 1e-12)
    const bites = new Set(decisions.flatMap((one) => one.guards.map(({ guard }: { guard: string }) => guard)))
    expect(bites).toEqual(new Set(['floorAndCeiling', 'largestChange']))
    for (const { because, weights, previous } of runPolicy({ ...short, seed: 1 }).decisions.slice(1))
      weights.forEach((weight: number, k: number) => {
        const parts = Object.values(because.parts as Record<string, number[]>)
        const before = (previous as number[])[k]!
        expect(parts.reduce((sum, part) => sum + part[k]!, before)).toBeCloseTo(weight, 9)
      })
  })

  it('is refused where the world lacks a signal, or the configuration is none', () => {
    expect(() => runPolicy({ ...short, policy: 'dump', seed: 1 })).toThrow(
      'The world plain has no signals for dump.',
    )
    expect(() => runPolicy({ ...short, config: { smoothing: 7 }, seed: 1 })).toThrow(
      'odm in plain: smoothing',
    )
  })
})

describe('every policy', () => {
  it.each(runnable)('%s has a world that can tell it what it needs', (name) => {
    for (const { policy, configIn } of setupsOf([name]))
      expect(
        Object.values(worlds).some((world) => signalsIn(world, policy, configIn(world)) !== undefined),
      ).toBe(true)
  })

  const shares = Object.fromEntries(worlds.prompts.domains.map(({ name }) => [name, 1]))
  it.each<[string, object]>([
    ['cures', { rollouts: 'gradients' }],
    ['cures', { variant: 'official', rollouts: 'gradients' }],
    ['gaussian-curriculum', { angle: true, rewardScale: 1 }],
    ['dump', { bonusCounts: 'prompts' }],
    ['dump', { variant: 'dataflex-as-wired' }],
    ['dump', { signal: 'passCounts', validationScores: { easy: 'easy' } }],
    ['sec', { objective: 'unnormalisedAdvantage' }],
    ['sec', { objective: 'progress' }],
    ['difficulty-filter', { unit: 'domain', rolloutsPerPrompt: 4 }],
    ['knapsack', {}],
    ['rnb', { evaluationProportions: shares }],
    ['grape', { tasks: ['easy', 'hard'], taskRates: 'signals' }],
    ['grape', { tasks: ['easy', 'hard'], taskRates: 'evaluations' }],
    ['doge', { variant: 'paper' }],
    ['doremi', { variant: 'dataflex' }],
    ['pike', { variant: 'balanced', batchSize: 256 }],
    ['loss-slope', { signal: 'passCounts' }],
    ['filtered', { reference: 'signal', losses: 'training' }],
  ])('%s is told what it needs, so configured too: %j', (policy, config) => {
    const run = runPolicy({ world: worlds.prompts, policy, config, seed: 1, trainer: { steps: 100 } })
    expect(run.decisions.length).toBeGreaterThan(1)
  })

  it.each(runnable)('%s shows how it behaves', (name) => {
    const { domains, steps, weights, controls, evaluatedAt, targetLosses, lastStep } = behaviourOf(name)!
    expect(steps[0]).toBe(0)
    expect(Math.max(...steps)).toBeLessThanOrEqual(lastStep)
    expect([...steps].sort((a, b) => a - b)).toEqual(steps)
    for (const mixture of weights) {
      expect(mixture).toHaveLength(domains.length)
      expect(mixture.reduce((sum: number, weight: number) => sum + weight, 0)).toBeCloseTo(1, 12)
    }
    expect([weights.length, controls.length]).toEqual([steps.length, steps.length])
    expect(targetLosses).toHaveLength(evaluatedAt.length)
    expect(targetLosses.at(-1)!).toBeLessThan(targetLosses[0]!)
  })

  it('but those that are not run, each with a reason', () => {
    for (const name of Object.keys(notRun)) expect(behaviourOf(name)).toBeUndefined()
  })
})

describe('intervals', () => {
  /** The density of Student's t, integrated by Simpson's rule from 0: half of what lies within ± x. */
  const within = (x: number, degrees: number) => {
    const parts = 20_000
    const density = (t: number) => (1 + t ** 2 / degrees) ** (-(degrees + 1) / 2)
    const area = (to: number) => {
      let sum = density(0) + density(to)
      for (let i = 1; i < parts; i++) sum += (i % 2 === 0 ? 2 : 4) * density((to * i) / parts)
      return (sum * to) / parts / 3
    }
    // The tail beyond 300 is below 1e-6 from 4 degrees of freedom on.
    return area(x) / area(300)
  }

  it('use the quantiles of Student’s t', () => {
    for (const degrees of [4, 9, 19, 30]) expect(within(tQuantile(degrees), degrees)).toBeCloseTo(0.95, 3)
    expect(() => tQuantile(31)).toThrow('The table has 1 to 30 degrees of freedom, not 31.')
  })

  it('are those of the paired differences', () => {
    // Differences 1, 2, 3: mean 2, standard error 1/√3, t with 2 degrees of freedom 4.303.
    const { mean, halfWidth } = pairedDifference([11, 22, 33], [10, 20, 30])
    expect(mean).toBe(2)
    expect(halfWidth).toBeCloseTo(4.303 / Math.sqrt(3), 12)
  })
})
