import { trainerCommandExamples, type MixtureSet, type TrainerEvent } from '@mixdesk/contracts'
import { describe, expect, it } from 'vitest'
import { createLearner } from './learner.js'
import type { Learner, LearnerOptions } from './learner-options.js'
import { reweighSequences } from './reweigh-sequences.js'
import { worlds, type WorldName } from './worlds.js'

/** A learner that has been told these controls before its first step. */
function told(
  world: WorldName,
  controls: Record<string, unknown>,
  more: Partial<LearnerOptions> = {},
): Learner {
  const learner = createLearner({
    ...{ run: 'r', project: 'p', world: worlds[world], policy: { name: 'odm' }, seed: 3 },
    ...{ sequences: 256, horizonSteps: 100, ...more },
  })
  const { domains } = worlds[world]
  const command: MixtureSet = {
    ...trainerCommandExamples['mixture.set'],
    ...{ run: 'r', version: 1, fromStep: 0, meaning: 'samplingProbability', controls },
    domains: domains.map(({ name }) => name),
    weights: domains.map(() => 1 / domains.length),
  }
  learner.receive(command)
  return learner
}
function run(learner: Learner, steps: number): TrainerEvent[] {
  return Array.from({ length: steps }, (_, step) => learner.stepEvents(step)).flat()
}
const reports = (events: readonly TrainerEvent[]) =>
  events.flatMap((event) => (event.name === 'losses.measured' ? [event.data] : []))
const total = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0)

describe('a learner obeys', () => {
  it('rolloutCounts: so many rollouts for every prompt of a domain', () => {
    const counts = [2, 4, 8, 16, 32, 0]
    const signals = ['prompts', 'rollouts']
    for (const { signals: sums, tokens } of reports(
      run(told('prompts', { rolloutCounts: counts }, { signals }), 5),
    )) {
      const prompts = sums!['prompts'] as number[]
      expect(total(prompts)).toBeGreaterThan(20)
      expect(sums!['rollouts']).toEqual(counts.map((count, k) => (count === 0 ? 0 : count * prompts[k]!)))
      expect(tokens).toEqual((sums!['rollouts'] as number[]).map((n) => 512 * n))
    }
  })

  it('acceptBand: trains on prompts inside only, draws for what is missing, and counts all it drew', () => {
    const band = { low: 0.2, high: 0.8, open: false, maxRefill: 9 }
    const signals = ['rollouts', 'passBin2', 'passBin3', 'passBin4', 'passBin5', 'passBin6', 'passBin8']
    for (const { signals: sums, tokens } of reports(
      run(told('prompts', { acceptBand: band }, { signals }), 5),
    )) {
      const inside = signals.slice(1, 6).map((name) => sums![name] as number[])
      tokens.forEach((n, k) => expect(n).toBe(512 * 8 * total(inside.map((bin) => bin[k]!))))
      expect(total(tokens)).toBeLessThanOrEqual(512 * 256)
      expect(total(tokens)).toBeGreaterThan(0.8 * 512 * 256)
      expect(total(sums!['rollouts'] as number[])).toBeGreaterThan(2 * 256)
    }
  })

  it('acceptBand: gives up after its refills', () => {
    const band = { low: 1, high: 1, open: true, maxRefill: 2 }
    const [report] = reports(run(told('prompts', { acceptBand: band }, { signals: ['rollouts'] }), 1))
    expect(total(report!.tokens)).toBe(0)
    expect(total(report!.signals!['rollouts'] as number[])).toBe(3 * 256)
  })

  it('batchCounts: exactly these sequences, where they make a batch; else it follows the weights', () => {
    const counts = (given: readonly number[]) =>
      reports(run(told('plain', { batchCounts: given }), 1))[0]!.sequences
    expect(counts([200, 50, 6, 0])).toEqual([200, 50, 6, 0])
    expect(counts([20, 5, 6, 0])!.every((count) => count === 64)).toBe(true)
  })

  it('lossMultipliers: the sampling stays, what is learned changes', () => {
    const [usual, multiplied] = [{}, { lossMultipliers: [2, 1, 1, 0] }].map((controls) =>
      told('plain', controls),
    )
    expect(reports(run(multiplied!, 20))).toEqual(
      reports(run(usual!, 20)).map(() => expect.anything() as unknown),
    )
    const [before, after] = [usual!, multiplied!].map((learner) => learner.checkpoint().world)
    expect(after!.read).toEqual(before!.read)
    expect(after!.learned).toEqual(before!.learned.map((n, k) => n * [2, 1, 1, 0][k]!))
  })

  it('lossReweighting: sequences of low loss count less, and as much in all', () => {
    const rules = {
      ...{ strategy: 'linUpper', temperature: 0.4, warmUpSteps: 2, warmUpTemperature: null },
      ...{ delta: 1, rangeGuard: 1e-6 },
    }
    const learner = told('plain', { lossReweighting: rules })
    run(learner, 2)
    expect(learner.checkpoint().world.learned).toEqual(learner.checkpoint().world.read)
    for (let step = 2; step < 22; step++) learner.stepEvents(step)
    const { learned, read } = learner.checkpoint().world
    expect(learned[0]! / read[0]!).toBeLessThan(0.8)
    expect(learned[3]! / read[3]!).toBeGreaterThan(1.2)
    expect(total(learned) / total(read)).toBeCloseTo(1, 9)
  })

  it('evaluateAfterSteps: once, after so many steps under this mixture', () => {
    const events = run(told('plain', { evaluateAfterSteps: 3 }), 8)
    expect(
      events.flatMap((event) => (event.name === 'evaluation.measured' ? [event.data.step] : [])),
    ).toEqual([2])
  })

  it('and remembers all of it in a checkpoint', () => {
    const learner = told('prompts', { rolloutCounts: [1, 2, 3, 4, 5, 6], evaluateAfterSteps: 5 })
    run(learner, 2)
    const saved = learner.checkpoint()
    const again = createLearner({
      ...{ run: 'r', project: 'p', world: worlds.prompts, policy: { name: 'odm' }, seed: 3 },
      ...{ sequences: 256, horizonSteps: 100 },
    })
    again.restore(saved)
    const told2 = (of: Learner) =>
      [2, 3, 4]
        .flatMap((step) => of.stepEvents(step))
        .map(({ name, data }) => ({ name, data: { ...data, attempt: 0 } }))
    expect(told2(again)).toEqual(told2(learner))
  })
})

describe('weights of sequences', () => {
  const rules = {
    strategy: 'linUpper',
    temperature: 0.4,
    warmUpSteps: 0,
    warmUpTemperature: null,
    delta: 1,
    rangeGuard: 1e-6,
  } as const
  it('differ by at most e^(1/r), and are 1 on average', () => {
    const weights = reweighSequences(rules, [1, 2, 3, 4, 5], 0)
    expect(total(weights)).toBeCloseTo(5, 12)
    expect(weights[4]! / weights[0]!).toBeCloseTo(Math.exp(1 / 0.4), 9)
    // Losses above the middle count alike.
    expect(weights[2]).toBeCloseTo(weights[4]!, 12)
  })
  it.each([
    ['quadratic', [0, 1, 0]],
    ['extremes', [1, 0, 1]],
    ['linear', [0, 0.5, 1]],
    ['readmeUniform', [-1, 0, 1]],
  ] as const)('%s', (strategy, scores) => {
    const weights = reweighSequences({ ...rules, strategy }, [2, 3, 4], 0)
    weights.forEach((weight, i) =>
      expect(weight / weights[1]!).toBeCloseTo(Math.exp((scores[i]! - scores[1]) / 0.4), 9),
    )
  })
})
