import {
  parseTrainerEvent,
  trainerCommandExamples,
  typeOf,
  type MixtureSet,
  type TrainerEvent,
} from '@mixdesk/contracts'
import { describe, expect, it } from 'vitest'
import { deliverTwice, shuffleRanks } from './faults.js'
import { createLearner, tellRun } from './learner.js'
import type { LearnerOptions } from './learner-options.js'
import { worlds } from './worlds.js'

const options: LearnerOptions = {
  run: 'r',
  project: 'p',
  world: worlds.plain,
  policy: { name: 'odm' },
  seed: 7,
  ranks: 3,
  sequences: 32,
  sequenceLength: 128,
  signals: ['refLossSum', 'clippedExcessSum'],
  evaluateEvery: 10,
  checkpointEvery: 20,
  horizonSteps: 100,
}
const domains = worlds.plain.domains.map(({ name }) => name)
const command = (change: Partial<MixtureSet>): MixtureSet => ({
  ...trainerCommandExamples['mixture.set'],
  run: 'r',
  version: 1,
  fromStep: 0,
  domains,
  weights: [0.7, 0.1, 0.1, 0.1],
  ...change,
})
const lossesOf = (events: readonly TrainerEvent[]) =>
  events.flatMap((event) => (event.name === 'losses.measured' ? [event.data] : []))
const only = <N extends TrainerEvent['name']>(events: readonly TrainerEvent[], name: N) =>
  events.filter((event): event is Extract<TrainerEvent, { name: N }> => event.name === name)
/** Tokens per domain over several reports. */
const tokensOf = (events: readonly TrainerEvent[]) =>
  lossesOf(events).reduce((sums, { tokens }) => sums.map((sum, k) => sum + tokens[k]!), [0, 0, 0, 0])

describe('a learner speaks the contract', () => {
  it.each(Object.values(worlds).map((world) => [world.name, world] as const))(
    'in the world %s, from start to end',
    (_, world) => {
      const events = [...tellRun(createLearner({ ...options, world }), 40)]
      for (const { name, data } of events) {
        const wire: unknown = JSON.parse(JSON.stringify(data))
        const parsed = parseTrainerEvent({ type: typeOf(name), name, data: wire })
        expect(parsed).toEqual({ ok: true, value: { name, data } })
      }
      expect(events[0]!.name).toBe('run.started')
      expect(lossesOf(events)).toHaveLength(40 * 3)
      expect(only(events, 'evaluation.measured').map(({ data }) => data.step)).toEqual([9, 19, 29, 39])
      expect(only(events, 'checkpoint.saved').map(({ data }) => data.step)).toEqual([19, 39])
      expect(events.at(-1)).toEqual({
        name: 'run.finished',
        data: { run: 'r', attempt: 1, step: 39, status: 'completed' },
      })
    },
  )

  it('also when it refuses, resumes and stops', () => {
    const learner = createLearner(options)
    learner.stepEvents(0)
    learner.receive(command({ domains: ['other'], weights: [1] }))
    const saved = learner.checkpoint()
    const events = [
      ...learner.stepEvents(1),
      learner.restore(saved),
      learner.finish('failed', 'A node was lost.'),
    ]
    for (const { name, data } of events)
      expect(parseTrainerEvent({ type: typeOf(name), name, data }).ok).toBe(true)
    expect(events[0]).toMatchObject({
      name: 'mixture.refused',
      data: { version: 1, because: 'The domains of this run are web, code, books, math.' },
    })
  })
})

describe('a learner is determined', () => {
  it('to the bit, by its seed', () => {
    const tell = (seed: number) => JSON.stringify([...tellRun(createLearner({ ...options, seed }), 30)])
    expect(tell(7)).toBe(tell(7))
    expect(tell(7)).not.toBe(tell(8))
  })

  it('gives a rank its noise by seed, step and rank alone', () => {
    const few = lossesOf([...tellRun(createLearner({ ...options, ranks: 1 }), 1)])
    const many = lossesOf([...tellRun(createLearner({ ...options, ranks: 8 }), 1)])
    expect(many[0]).toEqual({ ...few[0], signals: expect.anything() as unknown })
    expect(many[0]!.lossSum).not.toEqual(many[1]!.lossSum)
  })

  it('takes no step twice, and skips none', () => {
    const learner = createLearner(options)
    learner.stepEvents(0)
    expect(() => learner.stepEvents(0)).toThrow('Step 1 comes next, step 0 was asked for.')
    expect(() => learner.stepEvents(2)).toThrow('Step 1 comes next')
  })
})

describe('a learner learns', () => {
  it('so that every loss falls', () => {
    const learner = createLearner(options)
    const before = learner.losses()
    ;[...tellRun(learner, 100)].forEach((event) => expect(event).toBeDefined())
    learner.losses().forEach((loss, k) => expect(loss).toBeLessThan(before[k]!))
  })

  it('faster where the weight is', () => {
    const falls = (weights: readonly number[]) => {
      const learner = createLearner({ ...options, weights })
      const before = learner.losses()
      for (const _ of tellRun(learner, 50));
      return learner.losses().map((loss, k) => before[k]! - loss)
    }
    const code = falls([0.1, 0.7, 0.1, 0.1])
    const books = falls([0.1, 0.1, 0.7, 0.1])
    expect(code[1]).toBeGreaterThan(books[1]!)
    expect(books[2]).toBeGreaterThan(code[2]!)
  })

  it('and reports about what it has: the mean over many ranks is the noise-free loss', () => {
    const learner = createLearner({ ...options, ranks: 200 })
    const expected = learner.losses()
    const reports = lossesOf(learner.stepEvents(0))
    expected.forEach((loss, k) => {
      const tokens = reports.reduce((sum, report) => sum + report.tokens[k]!, 0)
      const sum = reports.reduce((total, report) => total + report.lossSum[k]!, 0)
      // Five standard errors of 200 ranks × 8 sequences with noise 0.25.
      expect(Math.abs(sum / tokens - loss)).toBeLessThan((5 * 0.25) / Math.sqrt(1600))
    })
  })
})

describe('a batch', () => {
  it('has all its tokens, in the shares of the mixture', () => {
    const learner = createLearner({ ...options, weights: [4, 3, 2, 1] })
    for (const { tokens, sequences, signals } of lossesOf([...tellRun(learner, 20)])) {
      expect(tokens.reduce((sum, n) => sum + n, 0)).toBe(32 * 128)
      expect(tokens).toEqual(sequences!.map((n) => n * 128))
      expect(Object.keys(signals!)).toEqual(['refLossSum', 'clippedExcessSum'])
    }
    const all = tokensOf([...tellRun(createLearner({ ...options, weights: [4, 3, 2, 1] }), 100)])
    const total = 100 * 3 * 32 * 128
    all.forEach((tokens, k) => expect(tokens / total).toBeCloseTo([0.4, 0.3, 0.2, 0.1][k]!, 2))
  })

  it('carries the excess over the reference, never below 0', () => {
    const reference = [1, 100, 1, 100]
    const [first] = lossesOf(createLearner({ ...options, referenceLoss: reference }).stepEvents(0))
    const { refLossSum, clippedExcessSum } = first!.signals as Record<
      'refLossSum' | 'clippedExcessSum',
      number[]
    >
    first!.tokens.forEach((tokens, k) => {
      expect(refLossSum[k]).toBe(tokens * reference[k]!)
      expect(clippedExcessSum[k]).toBeCloseTo(Math.max(0, first!.lossSum[k]! - refLossSum[k]!), 6)
    })
  })
})

describe('a mixture', () => {
  it('is applied by every rank at the first boundary at or after `fromStep`, and named in the reports from then on', () => {
    const learner = createLearner(options)
    learner.receive(command({ fromStep: 2 }))
    const steps = [0, 1, 2, 3].map((step) => learner.stepEvents(step))
    expect(
      steps.map((events) => only(events, 'mixture.applied').map(({ data }) => [data.step, data.rank])),
    ).toEqual([
      [],
      [],
      [
        [2, 0],
        [2, 1],
        [2, 2],
      ],
      [],
    ])
    expect(steps.map((events) => lossesOf(events)[0]!.mixtureVersion)).toEqual([0, 0, 1, 1])
    expect(tokensOf(steps[2]!)[0]).toBeGreaterThan(0.6 * 3 * 32 * 128)
    expect(learner.weights[0]).toBeCloseTo(0.7, 12)
  })

  it('that came late is applied at the next boundary, and the newest of several wins', () => {
    const learner = createLearner(options)
    for (let step = 0; step < 5; step++) learner.stepEvents(step)
    learner.receive(command({ version: 3, fromStep: 1, weights: [0, 1, 0, 0] }))
    learner.receive(command({ version: 2, fromStep: 1 }))
    const events = learner.stepEvents(5)
    expect(only(events, 'mixture.applied')).toHaveLength(3)
    expect(only(events, 'mixture.applied')[0]!.data.version).toBe(3)
    expect(tokensOf(events)).toEqual([0, 3 * 32 * 128, 0, 0])
    learner.receive(command({ version: 3, fromStep: 1 }))
    expect(only(learner.stepEvents(6), 'mixture.applied')).toEqual([])
  })

  it('of another run or another attempt is not ours', () => {
    const learner = createLearner(options)
    learner.receive(command({ run: 'other' }))
    learner.receive(command({ attempt: 2 }))
    expect(only(learner.stepEvents(0), 'mixture.applied')).toEqual([])
  })

  it('as a loss multiplier leaves the sampling alone and changes what is learned', () => {
    const plain = createLearner(options)
    const weighted = createLearner(options)
    weighted.receive(command({ meaning: 'lossMultiplier', weights: [0.7, 0.1, 0.1, 0.1] }))
    const sampled = [plain, weighted].map((learner) => tokensOf([...tellRun(learner, 30)]))
    expect(sampled[0]).toEqual(sampled[1])
    expect(weighted.losses()[0]).toBeLessThan(plain.losses()[0]!)
    expect(weighted.losses()[1]).toBeGreaterThan(plain.losses()[1]!)
  })

  it('may tell the run to stop', () => {
    const learner = createLearner(options)
    learner.receive(command({ lifecycle: 'stop' }))
    expect([...tellRun(learner, 10)].map(({ name }) => name)).toEqual(['run.started', 'run.finished'])
    expect(learner.finish().data).toMatchObject({ status: 'stopped' })
  })
})

describe('a checkpoint', () => {
  it('brings back the step, the losses and the mixture, as a new attempt that re-lives the same steps', () => {
    const learner = createLearner(options)
    learner.receive(command({ fromStep: 5 }))
    for (let step = 0; step < 10; step++) learner.stepEvents(step)
    const saved = JSON.parse(JSON.stringify(learner.checkpoint())) as ReturnType<typeof learner.checkpoint>
    const first = [10, 11].flatMap((step) => lossesOf(learner.stepEvents(step)))
    learner.receive(command({ version: 9, fromStep: 12 }))

    for (const again of [learner, createLearner(options)]) {
      expect(again.restore(saved)).toEqual({
        name: 'run.resumed',
        data: { run: 'r', attempt: 2, step: 9, ranks: 3 },
      })
      expect(again.mixtureVersion).toBe(1)
      const second = [10, 11].flatMap((step) => lossesOf(again.stepEvents(step)))
      expect(second).toEqual(first.map((report) => ({ ...report, attempt: 2 })))
    }
    expect(learner.restore(saved).data).toMatchObject({ attempt: 3 })
  })

  it('shares nothing with the learner', () => {
    const learner = createLearner(options)
    learner.stepEvents(0)
    const saved = learner.checkpoint()
    const before = JSON.stringify(saved)
    learner.stepEvents(1)
    expect(JSON.stringify(saved)).toBe(before)
  })

  it('from before the first step is refused', () => {
    const learner = createLearner(options)
    expect(() => learner.restore(learner.checkpoint())).toThrow('There is no step to resume from')
  })
})

describe('faults', () => {
  const events = [...tellRun(createLearner({ ...options, ranks: 8 }), 20)]
  const text = (all: readonly TrainerEvent[]) => all.map((event) => JSON.stringify(event))

  it('shuffleRanks keeps every event and every step in its place', () => {
    const shuffled = shuffleRanks(events, 1)
    expect(text(shuffled).sort()).toEqual(text(events).sort())
    expect(lossesOf(shuffled).map(({ step }) => step)).toEqual(lossesOf(events).map(({ step }) => step))
    expect(lossesOf(shuffled).map(({ rank }) => rank)).not.toEqual(lossesOf(events).map(({ rank }) => rank))
    expect(text(shuffleRanks(events, 1))).toEqual(text(shuffled))
  })

  it('deliverTwice repeats some, loses none, and never says a thing before its time', () => {
    const twice = text(deliverTwice(events, 1))
    const firsts = [...new Set(twice)]
    expect(firsts).toEqual(text(events))
    expect(twice.length).toBeGreaterThan(events.length * 1.2)
    expect(deliverTwice(events, 1, 1)).toHaveLength(2 * events.length)
    expect(deliverTwice(events, 1, 0)).toEqual(events)
  })
})
