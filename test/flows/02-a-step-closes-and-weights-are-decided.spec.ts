import { describe, expect, it } from 'vitest'
import { decisionsOf, mixturesDecided } from '../support/history.js'
import { expectedDecisions } from '../support/expected.js'
import { assertDecisionsMatch, assertTrainerFollows } from '../support/invariants.js'
import { aRun, losses, stepOf, stepsOf } from '../support/facts.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()

describe('a step closes and weights are decided', () => {
  it('every run gets a first mixture before it reports anything', async () => {
    const run = freshRun('first')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run }))
    const first = await trainer.version(1)
    expect(first).toMatchObject({
      run,
      attempt: 1,
      version: 1,
      fromStep: 0,
      domains: ['web', 'code', 'books'],
      decidedAtStep: -1,
      lifecycle: 'train',
      meaning: 'samplingProbability',
    })
    expect(first.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
  })

  it('a step waits for all ranks; the decision comes with the last one, and with its reasons', async () => {
    const run = freshRun('waits')
    const trainer = await kafka.trainer(run)
    // ODM is uniform until t > K ln K, so the first decision that moves anything comes after the fourth step.
    const most = [aRun({ run, cadence: 1 }), ...stepsOf(0, 6, 2, { run }), losses(7, 0, { run })]
    await trainer.send(...most)
    const before = expectedDecisions(most)
    await trainer.version(before.length)
    await trainer.send(losses(7, 1, { run }))
    const last = await trainer.version(before.length + 1)
    expect(last).toMatchObject({ decidedAtStep: 7, fromStep: 8 })

    const facts = await decisionsOf(url(), run)
    const decided = mixturesDecided(facts)
    assertDecisionsMatch(decided, expectedDecisions([...most, losses(7, 1, { run })]))
    assertTrainerFollows(trainer.mixtures(), decided)
    const { weights, proposed, previous, because, evidence } = decided.at(-1)!
    expect(evidence).toMatchObject({ fromStep: 7, toStep: 7, steps: 1, observations: 2, tokens: 600 })
    expect(because.summary).not.toBe('')
    weights.forEach((_, i) => {
      const sum = Object.values(because.parts).reduce((total, part) => total + part[i]!, 0)
      expect(sum).toBeCloseTo(proposed[i]! - previous[i]!, 9)
    })
  })

  it('a rank that stays silent holds a step up for the lateness of the run, not longer', async () => {
    const run = freshRun('silent')
    const trainer = await kafka.trainer(run)
    const events = [
      aRun({ run, cadence: 1, lateness: 3 }),
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((step) =>
        step === 2 ? [losses(step, 0, { run })] : stepOf(step, 2, { run }),
      ),
    ]
    await trainer.send(...events)
    const expected = expectedDecisions(events)
    await trainer.version(expected.length)
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expected)
  })

  it('thousands of steps that come at once are all decided, one by one', async () => {
    const run = freshRun('burst')
    const trainer = await kafka.trainer(run)
    const events = [aRun({ run, ranks: 1, cadence: 1 }), ...stepsOf(0, 4999, 1, { run })]
    await trainer.send(...events)
    const expected = expectedDecisions(events)
    expect(expected.length).toBeGreaterThan(4900)
    await trainer.version(expected.length, 300_000)
    const decided = mixturesDecided(await decisionsOf(url(), run))
    assertDecisionsMatch(decided, expected)
    assertTrainerFollows(trainer.mixtures(), decided)
  })
})
