import { describe, expect, it } from 'vitest'
import supertest from 'supertest'
import { askSql } from '../support/history.js'
import { eventually } from '../support/eventually.js'
import { applied, aRun, losses } from '../support/facts.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()

describe('a trainer applies them', () => {
  it('requested, effective and realised mixtures stand side by side', async () => {
    const run = freshRun('applies')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run, ranks: 1, cadence: 1 }))
    for (let step = 0; step < 12; step++) {
      // A trainer that samples 1,000 tokens by the newest mixture it has, and says so. Half way it waits for a second one,
      // or it might have finished before it got any.
      if (step === 0) await trainer.version(1)
      if (step === 6) await trainer.version(2)
      const newest = trainer.mixtures().at(-1)!
      const tokens = newest.weights.map((weight) => Math.round(1000 * weight))
      await trainer.send(
        applied(newest.version, 0, { run, step }),
        losses(step, 0, {
          run,
          mixtureVersion: newest.version,
          tokens,
          lossSum: tokens.map((count, i) => count * (1 + i)),
        }),
      )
    }
    await eventually(async () => {
      const { body } = await supertest(url()).get(`/v1/runs/${run}`)
      return (body as { step: number }).step === 11
    }, 'step 11 closed')
    const rows = await eventually(async () => {
      const found = await askSql(url(), `SELECT * FROM mixtures WHERE run = '${run}' LIMIT 1000`)
      return found.length >= 36 && found
    }, 'the mixtures of 12 steps and 3 domains in the history')
    expect(rows).toHaveLength(36)
    const acks = await eventually(async () => {
      const found = await askSql(
        url(),
        `SELECT DISTINCT version FROM applied WHERE run = '${run}' ORDER BY version`,
      )
      return found.length > 1 && found
    }, 'acknowledgements in the history')
    expect(acks[0]).toEqual([1])
  })

  it('long polling gives the newest mixture at once, waits for a newer one, and says when there is none', async () => {
    const run = freshRun('polls')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run, ranks: 1, cadence: 1 }))
    await trainer.version(1)
    const mixture = (query: object) => supertest(url()).get(`/v1/runs/${run}/mixture`).query(query)
    expect((await mixture({})).body).toMatchObject({ version: 1 })
    expect((await mixture({ after: 1 })).status).toBe(204)
    const waiting = mixture({ after: 1, wait: 60 }).then((response) => response)
    for (let step = 0; step < 8; step++) await trainer.send(losses(step, 0, { run }))
    const { status, body } = await waiting
    expect(status).toBe(200)
    expect((body as { version: number }).version).toBeGreaterThan(1)
  })

  it('a mixture that nobody acknowledges expires by the steps of the run, and is sent again', async () => {
    const run = freshRun('expires')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run, ranks: 1, cadence: 1000, guards: { acknowledgeWithin: 5 } }))
    for (let step = 0; step < 8; step++) await trainer.send(losses(step, 0, { run }))
    await eventually(() => trainer.commands.length >= 2, 'the command again')
    expect(trainer.commands[1]).toEqual(trainer.commands[0])
    expect(trainer.mixtures()).toHaveLength(1)
  })
})
