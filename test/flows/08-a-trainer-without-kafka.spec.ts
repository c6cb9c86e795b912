import { typeOf, type TrainerEvent } from '@mixdesk/contracts'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { expectedDecisions } from '../support/expected.js'
import { aRun, checkpoint, evaluation, finished, resumed, stepsOf } from '../support/facts.js'
import { decisionsOf, expectObservationsOnce, mixturesDecided } from '../support/history.js'
import { assertDecisionsMatch } from '../support/invariants.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()

const event = ({ name, data }: TrainerEvent, i: number) => ({
  specversion: '1.0',
  id: String(i),
  source: 'test',
  type: typeOf(name),
  data,
})

describe('a trainer without Kafka', () => {
  it('reports in batches of CloudEvents, polls for mixtures, and gets the same decisions', async () => {
    const run = freshRun('plain-http')
    const events = [aRun({ run }), ...stepsOf(0, 19, 2, { run })]
    const { status, body } = await supertest(url())
      .post('/v1/events')
      .set('content-type', 'application/cloudevents-batch+json')
      .send(JSON.stringify(events.map(event)))
    expect({ status, body: body as object }).toEqual({ status: 202, body: { accepted: events.length } })
    const expected = expectedDecisions(events)
    const newest = await eventually(async () => {
      const answer = await supertest(url())
        .get(`/v1/runs/${run}/mixture`)
        .query({ after: expected.length - 1, wait: 20 })
      return answer.status === 200 && answer
    }, 'the last mixture')
    expect(newest.body).toMatchObject({ version: expected.length, weights: expected.at(-1)!.weights })
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expected)
    await expectObservationsOnce(url(), run, events)
  })

  it('may send a batch again whose answer it never got: everything counts once', async () => {
    const run = freshRun('sent-again')
    const [evaluated, saved, again, ended] = [
      evaluation(5, { run }),
      checkpoint(5, { run }),
      resumed(2, 5, { run }),
      finished(12, { run, attempt: 2 }),
    ] as const
    const batches: TrainerEvent[][] = [
      [aRun({ run }), ...stepsOf(0, 5, 2, { run })],
      [evaluated, saved, ...stepsOf(6, 9, 2, { run })],
      [again, ...stepsOf(6, 12, 2, { run, attempt: 2 })],
      [ended],
    ]
    let id = 0
    for (const batch of batches) {
      const body = JSON.stringify(batch.map((one) => ({ ...event(one, id), id: `${run}/${id++}` })))
      for (let times = 0; times < 2; times++) {
        const { status } = await supertest(url())
          .post('/v1/events')
          .set('content-type', 'application/cloudevents-batch+json')
          .send(body)
        expect(status).toBe(202)
      }
    }
    const row = await eventually(async () => {
      const { body } = await supertest(url()).get(`/v1/runs/${run}`)
      return (body as { status: string }).status === 'completed' && (body as object)
    }, 'the end of the run')
    expect(row).toMatchObject({ attempt: 2, step: 12, openedBy: expect.any(String) as string, warnings: [] })
    const events = batches.flat()
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expectedDecisions(events))
    await expectObservationsOnce(url(), run, events)
  })

  it('polls for the whole command: what comes over Kafka, field by field', async () => {
    const run = freshRun('whole')
    const trainer = await kafka.trainer(run)
    // ODM gives controls beside the weights.
    await trainer.send(aRun({ run }), ...stepsOf(0, 9, 2, { run }))
    const newest = await trainer.version(
      expectedDecisions([aRun({ run }), ...stepsOf(0, 9, 2, { run })]).length,
    )
    expect(newest.controls).toBeDefined()
    const { body } = await supertest(url()).get(`/v1/runs/${run}/mixture`).query({ after: 0, wait: 5 })
    expect(body).toEqual(newest)
  })

  it('tells events to send again from events at fault', async () => {
    const events = [...stepsOf(0, 0, 1, { run: freshRun('unknown') }), aRun({ run: 'no name' })]
    const { status, body } = await supertest(url())
      .post('/v1/events')
      .set('content-type', 'application/cloudevents-batch+json')
      .send(JSON.stringify(events.map(event)))
    expect(status).toBe(422)
    expect((body as { faults: unknown }).faults).toEqual([
      {
        ...{ index: 0, code: 'runNotStarted', retriable: true },
        because: expect.stringContaining('has not started') as string,
      },
      { index: 1, because: expect.stringContaining('run') as string },
    ])
  })

  it('says its limits where they are passed', async () => {
    const detail = async (body: string, contentType = 'application/json') => {
      const answer = await supertest(url()).post('/v1/events').set('content-type', contentType).send(body)
      return `${answer.status} ${(answer.body as { detail?: string }).detail ?? ''}`
    }
    expect(await detail(JSON.stringify(Array.from({ length: 10_001 }, () => ({}))))).toMatch(
      /^413 A batch holds at most 10000 events, 10001 came/,
    )
    expect(await detail('<hello/>', 'application/xml')).toMatch(/^415 .*cloudevents-batch\+json/)
  })

  it('health, readiness with lag, metrics and the API document are there', async () => {
    expect((await supertest(url()).get('/healthz')).body).toEqual({ status: 'ok' })
    type Ready = {
      lag?: { group: string; topic: string; lag: number }[]
      checks: { name: string; ok: boolean }[]
    }
    // A busy machine may be late with an answer to the server itself, which says so.
    const { lag, checks } = await eventually(async () => {
      const { status, body } = (await supertest(url()).get('/readyz')) as { status: number; body: Ready }
      if (status !== 200) throw new Error(JSON.stringify(body))
      return body.lag !== undefined && { ...body, lag: body.lag }
    }, 'the server ready, with its lag')
    expect(checks.every((check) => check.ok)).toBe(true)
    expect(lag.map(({ group, topic }) => `${group} ${topic}`)).toContain(
      'mixdesk-mixture mixdesk.trainer-events.v1',
    )
    expect((await supertest(url()).get('/metrics')).text).toContain('mixdesk_decisions_total')
    const document = (await supertest(url()).get('/docs/openapi.json')).body as { paths: object }
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/events',
        '/v1/runs',
        '/v1/runs/{run}/mixture',
        '/v1/runs/{run}/freeze',
        '/v1/sql',
        '/v1/runs/{run}/replay',
      ]),
    )
    expect((await supertest(url()).get('/docs')).status).toBe(200)
  })

  it('SQL that would write, read files or never end is refused with a sentence', async () => {
    const ask = async (sql: string) => {
      const { status, body } = await supertest(url()).post('/v1/sql').send({ sql })
      return `${status} ${(body as { detail?: string }).detail ?? ''}`
    }
    for (const sql of [
      'DROP TABLE observations',
      "SELECT file('/etc/passwd')",
      'SELECT * FROM system.tables',
      "SELECT 1 INTO OUTFILE '/tmp/x'",
      'SELECT 1; SELECT 2',
    ])
      expect(await ask(sql), sql).toMatch(/^422 ./)
    expect(await ask('SELECT 1 AS one')).toMatch(/^200/)
  })
})
