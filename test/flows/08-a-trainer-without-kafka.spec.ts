import { typeOf, type TrainerEvent } from '@mixdesk/contracts'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { expectedDecisions } from '../support/expected.js'
import { aRun, stepsOf } from '../support/facts.js'
import { decisionsOf, expectObservationsOnce, mixturesDecided } from '../support/history.js'
import { assertDecisionsMatch } from '../support/invariants.js'
import { freshRun, url } from './chapter.js'

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
    const newest = await supertest(url())
      .get(`/v1/runs/${run}/mixture`)
      .query({ after: expected.length - 1, wait: 20 })
    expect(newest.body).toMatchObject({ version: expected.length, weights: expected.at(-1)!.weights })
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expected)
    await expectObservationsOnce(url(), run, events)
  })

  it('health, readiness with lag, metrics and the API document are there', async () => {
    expect((await supertest(url()).get('/healthz')).body).toEqual({ status: 'ok' })
    const ready = await supertest(url()).get('/readyz')
    expect(ready.status).toBe(200)
    const { lag, checks } = ready.body as {
      lag: { group: string; topic: string; lag: number }[]
      checks: { name: string; ok: boolean }[]
    }
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
