import { parseTrainerEvent, typeOf, type TrainerEvent } from '@mixdesk/contracts'
import { describe, expect, it } from 'vitest'
import { createLearner, tellRun } from './learner.js'
import type { LearnerOptions } from './learner-options.js'
import { hasSignal } from './signals.js'
import { worlds } from './worlds.js'

const plain = [
  ...['refLossSum', 'clippedExcessSum', 'sequenceLossSum', 'learningRate'],
  ...['gradientReports', 'gradientSamples', 'gradientSquaredNorm', 'gradientVariance', 'gradientAlignment'],
  ...['gradientInnerProduct.0', 'gradientInnerProduct.3', 'failures', 'scored', 'rewardGapSum'],
]
const ofTasks = ['taskAlignment.code', 'taskRate.code']
const ofRollouts = [
  ...['rollouts', 'successes', 'prompts', 'mixedPrompts', 'rewardSum', 'absAdvantageSum'],
  ...['absUnnormalisedAdvantageSum', 'angleSum', 'passBin0', 'passBin4', 'passBin8'],
  ...['gradientNormRightSum', 'gradientNormRightSquareSum'],
  ...['gradientNormWrongSum', 'gradientNormWrongSquareSum'],
]
const options: LearnerOptions = {
  ...{ run: 'r', project: 'p', world: worlds.plain, policy: { name: 'odm' }, seed: 7 },
  ...{ ranks: 2, sequences: 64, evaluateEvery: 5, horizonSteps: 100 },
}
const reports = (more: Partial<LearnerOptions>, steps = 10) => {
  const events = [...tellRun(createLearner({ ...options, ...more }), steps)]
  for (const { name, data } of events) {
    const wire: unknown = JSON.parse(JSON.stringify(data))
    expect(parseTrainerEvent({ type: typeOf(name), name, data: wire })).toEqual({
      ok: true,
      value: { name, data },
    })
  }
  return events.flatMap((event: TrainerEvent) => (event.name === 'losses.measured' ? [event.data] : []))
}
type Report = ReturnType<typeof reports>[number]
const signal = ({ signals }: Report, name: string) => signals![name] as number[]
const sumOf = (all: readonly Report[], name: string) =>
  all.reduce(
    (sums, report) => sums.map((sum, k) => sum + signal(report, name)[k]!),
    signal(all[0]!, name).map(() => 0),
  )

describe('which signals there are', () => {
  it('hangs on the world: rollouts where domains are prompts, tasks that are named after domains', () => {
    for (const name of [...plain, ...ofTasks]) expect(hasSignal(worlds.plain, name), name).toBe(true)
    for (const name of [...plain, ...ofRollouts, 'taskRate.hard'])
      expect(hasSignal(worlds.prompts, name), name).toBe(true)
    for (const name of [
      ...ofRollouts,
      'taskAlignment.hard',
      'gradientInnerProduct.4',
      'toString',
      'passBin',
      '',
    ])
      expect(hasSignal(worlds.plain, name), name).toBe(false)
    expect(() => createLearner({ ...options, signals: ['rollouts'] })).toThrow(
      'The world "plain" has no signal "rollouts"; choose another world.',
    )
  })

  it('they are told as the contract says, and only those asked for', () => {
    for (const report of reports({ signals: [...plain, ...ofTasks] }))
      for (const name of [...plain, ...ofTasks].filter((name) => !/failures|scored|rewardGap/.test(name)))
        expect(signal(report, name).every(Number.isFinite)).toBe(true)
    const [first] = reports({ world: worlds.prompts, signals: ['rollouts'] })
    expect(Object.keys(first!.signals!)).toEqual(['rollouts'])
  })

  it('and a signal’s noise is its own: it stays the same whatever else is sent', () => {
    const alone = reports({ signals: ['gradientAlignment'] })
    const among = reports({ signals: [...plain, ...ofTasks] })
    alone.forEach((report, i) => {
      expect(report.signals!['gradientAlignment']).toEqual(among[i]!.signals!['gradientAlignment'])
      expect(report.lossSum).toEqual(among[i]!.lossSum)
    })
  })
})

describe('gradients', () => {
  it('a domain that a rank has no tokens of reports nothing', () => {
    const names = ['gradientReports', 'gradientSquaredNorm', 'gradientAlignment', 'learningRate']
    for (const report of reports({ signals: names, weights: [1, 1, 1, 0] })) {
      for (const name of names) expect(signal(report, name)[3]).toBe(0)
      expect(signal(report, 'gradientReports').slice(0, 3)).toEqual([1, 1, 1])
      expect(signal(report, 'learningRate')[0]).toBe(0.01)
    }
  })

  it('alignment with the targets is the sum of the inner products with them, but for noise', () => {
    const columns = [0, 1, 2, 3].map((j) => `gradientInnerProduct.${j}`)
    const all = reports({ world: worlds.transfer, signals: ['gradientAlignment', ...columns] }, 200)
    const added = columns
      .map((name) => sumOf(all, name))
      .reduce((sums, row) => sums.map((sum, k) => sum + row[k]!))
    sumOf(all, 'gradientAlignment').forEach((aligned, k) => expect(aligned / added[k]!).toBeCloseTo(1, 1))
  })

  it('those of a task are divided by its loss, and its rate is that of the mixture', () => {
    const names = ['taskAlignment.code', 'taskRate.code', 'gradientInnerProduct.1']
    const all = reports({ world: worlds.transfer, signals: names, weights: [4, 3, 2, 1] }, 200)
    const [aligned, rate, inner] = names.map((name) => sumOf(all, name))
    for (const k of [1, 3]) {
      expect(aligned![k]! / inner![k]!).toBeGreaterThan(1 / 9)
      expect(aligned![k]! / inner![k]!).toBeLessThan(1 / 2)
      expect(rate![k]! / aligned![k]!).toBeCloseTo([0.4, 0.3, 0.2, 0.1][k]!, 1)
    }
  })

  it('noise has variance and no gradient', () => {
    const names = ['gradientSquaredNorm', 'gradientVariance', 'gradientAlignment']
    const all = reports({ world: worlds.useless, signals: names })
    expect(sumOf(all, 'gradientSquaredNorm')[4]).toBe(0)
    expect(sumOf(all, 'gradientAlignment')[4]).toBe(0)
    const variance = sumOf(all, 'gradientVariance')
    expect(variance[4]! / variance[0]!).toBeGreaterThan(2)
  })
})

describe('held-out questions', () => {
  const names = ['failures', 'scored', 'rewardGapSum']
  it('are asked when there is an evaluation, and only then', () => {
    const all = reports({ signals: names })
    expect(all.map(({ step, signals }) => [step, Object.keys(signals!).length > 0])).toEqual(
      all.map(({ step }) => [step, step % 5 === 4]),
    )
  })

  it('fail more where the loss is higher; the gap is what is left to learn', () => {
    const all = reports({ world: worlds.useless, signals: names }, 100).filter(({ step }) => step % 5 === 4)
    const [failures, scored, gap] = names.map((name) => sumOf(all, name))
    expect(scored).toEqual(new Array(5).fill(all.length * 32))
    expect(failures!.indexOf(Math.max(...failures!))).toBe(4)
    expect(Math.abs(gap![4]! / scored![4]!)).toBeLessThan(0.05)
    expect(gap![3]! / scored![3]!).toBeGreaterThan(3)
  })
})

describe('rollouts', () => {
  const all = reports({ world: worlds.prompts, signals: ofRollouts.concat(passBins()), sequences: 256 }, 50)
  function passBins() {
    return [1, 2, 3, 5, 6, 7].map((bin) => `passBin${bin}`)
  }

  it('are all counted: prompts, what they pass, and where they fall', () => {
    for (const report of all) {
      const of = (name: string) => signal(report, name)
      of('prompts').forEach((prompts, k) => {
        const bins = Array.from({ length: 9 }, (_, bin) => of(`passBin${bin}`)[k]!)
        const expected = (value: (s: number) => number) => bins.reduce((sum, n, s) => sum + n * value(s), 0)
        expect(of('rollouts')[k]).toBe(8 * prompts)
        expect(expected(() => 1)).toBe(prompts)
        expect(expected((s) => s)).toBe(of('successes')[k])
        expect(of('mixedPrompts')[k]).toBe(prompts - bins[0]! - bins[8]!)
        expect(of('rewardSum')[k]).toBe(of('successes')[k])
        // Σ |reward − mean| of a group of 8 with s successes: s·(8 − s) / 4; advantages divide it by the deviation.
        const deviations = (s: number) => (s * (8 - s)) / 4
        expect(of('absUnnormalisedAdvantageSum')[k]).toBeCloseTo(expected(deviations), 9)
        const advantages = (s: number) => deviations(s) / (Math.sqrt((s * (8 - s)) / 56) + 1e-6)
        expect(of('absAdvantageSum')[k]).toBeCloseTo(expected(advantages), 9)
      })
    }
  })

  it('are passed as often as the difficulty says', () => {
    const [solved, , , , , unsolvable] = sumOf(all, 'successes').map((n, k) => n / sumOf(all, 'rollouts')[k]!)
    expect(solved).toBeGreaterThan(0.97)
    expect(unsolvable).toBe(0)
  })

  it('have gradients of a logistic model: right ones 1 − p, wrong ones p', () => {
    const [right, wrong] = ['gradientNormRightSum', 'gradientNormWrongSum'].map((name) => sumOf(all, name))
    // Both have the mean p·(1 − p).
    for (const k of [1, 2]) expect(right![k]! / wrong![k]!).toBeCloseTo(1, 0)
  })
})
