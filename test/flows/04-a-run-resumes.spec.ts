import { describe, expect, it } from 'vitest'
import { aRun, stepsOf } from '../support/facts.js'
import { askSql, decisionsOf, expectObservationsOnce, mixturesDecided } from '../support/history.js'
import { expectedDecisions } from '../support/expected.js'
import { assertDecisionsMatch } from '../support/invariants.js'
import { freshRun, onKafka, url } from './chapter.js'
import type { TrainerEvent } from '@mixdesk/contracts'

const kafka = onKafka()
const checkpoint = (run: string, step: number): TrainerEvent => ({
  name: 'checkpoint.saved',
  data: { run, attempt: 1, step, uri: `file:///checkpoints/${step}` },
})
const resumed = (run: string, step: number): TrainerEvent => ({
  name: 'run.resumed',
  data: { run, attempt: 2, step },
})

describe('a run resumes', () => {
  for (const saved of [true, false])
    it(`goes on from step 9 as if it had never been further ${saved ? 'with the checkpoint it saved there' : 'by folding its history again'}`, async () => {
      const run = freshRun(saved ? 'checkpoint' : 'refold')
      const trainer = await kafka.trainer(run)
      const events = [
        aRun({ run, cadence: 3 }),
        ...stepsOf(0, 9, 2, { run }),
        ...(saved ? [checkpoint(run, 9)] : []),
        // The attempt that crashed saw other losses than the one that lived those steps again.
        ...stepsOf(10, 19, 2, { run, lossSum: [900, 100, 500] }),
        resumed(run, 9),
        ...stepsOf(10, 29, 2, { run, attempt: 2 }),
      ]
      await trainer.send(...events)
      const expected = expectedDecisions(events)
      await trainer.version(expected.length)
      const decided = mixturesDecided(await decisionsOf(url(), run))
      assertDecisionsMatch(decided, expected)
      await expectObservationsOnce(url(), run, events)

      const unbroken = expectedDecisions([aRun({ run, cadence: 3 }), ...stepsOf(0, 29, 2, { run })])
      const weightsAfter = (all: typeof expected, attempt: number) =>
        all
          .filter((one) => one.attempt === attempt && one.evidence.toStep > 9)
          .map(({ weights, evidence, stateDigest }) => ({ weights, digest: evidence.digest, stateDigest }))
      expect(weightsAfter(decided, 2)).toEqual(weightsAfter(unbroken, 1))
    })

  it('a report that comes before its attempt has begun is refused, and counts when it is sent again', async () => {
    const run = freshRun('early')
    const trainer = await kafka.trainer(run)
    const early = stepsOf(6, 7, 2, { run, attempt: 2, lossSum: [900, 100, 500] })
    const events = [
      aRun({ run, cadence: 2 }),
      ...stepsOf(0, 5, 2, { run }),
      ...early,
      resumed(run, 5),
      ...stepsOf(6, 15, 2, { run, attempt: 2 }),
    ]
    await trainer.send(...events)
    const expected = expectedDecisions(events)
    await trainer.version(expected.length)
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expected)
    await expectObservationsOnce(url(), run, events)
    const sql = `SELECT DISTINCT loss_sum[1] FROM observations FINAL WHERE run = '${run}' AND attempt = 2 AND step IN (6, 7)`
    expect((await askSql(url(), sql)).flat()).not.toContain(900)
  })
})
