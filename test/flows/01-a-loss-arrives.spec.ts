import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { askSql, expectObservationsOnce } from '../support/history.js'
import { eventually } from '../support/eventually.js'
import { aRun, losses } from '../support/facts.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()

describe('a loss arrives', () => {
  it('a run that starts is listed, with what it declared', async () => {
    const run = freshRun('listed')
    const trainer = await kafka.trainer(run)
    await trainer.send(
      aRun({ run, project: 'flows', params: { learningRate: 0.1 }, tags: ['chapter-1'], notes: 'first' }),
    )
    const row = await eventually(async () => {
      const { status, body } = await supertest(url()).get(`/v1/runs/${run}`)
      return status === 200 && (body as Record<string, unknown>)
    }, 'the run in the ledger')
    expect(row).toMatchObject({
      run,
      project: 'flows',
      status: 'running',
      attempt: 1,
      policy: 'odm',
      domains: ['web', 'code', 'books'],
      ranks: 2,
      step: -1,
      params: { learningRate: 0.1 },
      tags: ['chapter-1'],
      notes: 'first',
    })
    const { body } = await supertest(url()).get('/v1/runs').query({ project: 'flows', search: run })
    expect((body as { runs: { run: string }[] }).runs.map((one) => one.run)).toEqual([run])
  })

  it('what a rank measured is in the history, to the bit, by domain and by name', async () => {
    const run = freshRun('measured')
    const trainer = await kafka.trainer(run)
    const events = [
      aRun({ run, project: 'flows' }),
      losses(0, 0, { run, lossSum: [0.1 + 0.2, 1e-300, 12345.678901234567], tokens: [3, 5, 7] }),
    ]
    await trainer.send(...events)
    await expectObservationsOnce(url(), run, events)
    // The names come with the facts of the ledger, a moment after the losses.
    await eventually(async () => {
      const sql = `SELECT domain, tokens, loss_nats FROM all_losses WHERE run = '${run}' ORDER BY domain`
      expect(await askSql(url(), sql)).toEqual([
        ['books', 7, 12345.678901234567],
        ['code', 5, 1e-300],
        ['web', 3, 0.1 + 0.2],
      ])
      return true
    }, 'the losses by name')
  })

  it('the same report delivered twice counts once, and the first one counts', async () => {
    const run = freshRun('twice')
    const trainer = await kafka.trainer(run)
    const first = losses(0, 0, { run, lossSum: [1, 2, 3] })
    const events = [aRun({ run, ranks: 1 }), first, losses(0, 0, { run, lossSum: [9, 9, 9] }), first]
    await trainer.send(...events)
    await eventually(async () => {
      const { body } = await supertest(url()).get(`/v1/runs/${run}`)
      const { counts } = body as { counts: Record<string, number> }
      return counts['accepted'] === 1 && counts['duplicate'] === 2
    }, 'the duplicates counted')
    await expectObservationsOnce(url(), run, events)
    const rows = await askSql(url(), `SELECT loss_nats FROM all_losses WHERE run = '${run}' ORDER BY domain`)
    expect(rows.flat().sort()).toEqual([1, 2, 3])
  })
})
