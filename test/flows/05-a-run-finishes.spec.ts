import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { aRun, finished, losses, stepsOf } from '../support/facts.js'
import { askSql, expectRecorded } from '../support/history.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()
type Line = { progress?: object; result?: Record<string, unknown>; problem?: object }
const replay = async (run: string, body: object): Promise<Line[]> => {
  const { text } = await supertest(url())
    .post(`/v1/runs/${run}/replay`)
    .send(body)
    .buffer(true)
    .parse((response, done) => {
      let all = ''
      response.on('data', (part: Buffer) => (all += part.toString('utf8')))
      response.on('end', () => done(null, all))
    })
    .then((response) => ({ text: response.body as string }))
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

describe('a run finishes', () => {
  it('its end is told, its last steps count, and what comes after is kept but decides nothing', async () => {
    const run = freshRun('finishes')
    const trainer = await kafka.trainer(run)
    const reported = [...stepsOf(0, 9, 2, { run }), losses(10, 0, { run })]
    await trainer.send(
      aRun({ run }),
      ...reported,
      {
        name: 'run.finished',
        data: { run, attempt: 1, step: 10, status: 'completed', because: 'the budget is spent' },
      },
      losses(11, 0, { run }),
    )
    const row = await eventually(async () => {
      const { body } = await supertest(url()).get(`/v1/runs/${run}`)
      return (
        (body as { status: string; counts: Record<string, number> }).status === 'completed' &&
        (body as { step: number; counts: Record<string, number> })
      )
    }, 'the run completed')
    expect(row.step).toBe(10)
    await eventually(
      async () =>
        (await askSql(url(), `SELECT max(step) FROM all_losses WHERE run = '${run}'`))[0]?.[0] === 11,
      'the straggler in the history',
    )
    await eventually(
      async () =>
        (await askSql(url(), `SELECT status FROM runs WHERE run = '${run}'`))[0]?.[0] === 'completed',
      'the end in the history',
    )
  })

  it('a replay proves by digest that the decisions come out the same, and shows what another policy would have asked for', async () => {
    const run = freshRun('replayed')
    const trainer = await kafka.trainer(run)
    const events = [aRun({ run }), ...stepsOf(0, 39, 2, { run }), finished(39, { run })]
    await trainer.send(...events)
    await expectRecorded(url(), run, events)
    await eventually(
      async () =>
        (await askSql(url(), `SELECT status FROM runs WHERE run = '${run}'`))[0]?.[0] === 'completed',
      'the end in the history',
    )

    const same = (await replay(run, {})).at(-1)!.result!
    expect(same).toMatchObject({ kind: 'same', identical: true, observations: 80, domainLosses: 240 })
    expect(same['compared']).toBeGreaterThan(10)
    const digest = same['digest'] as { recorded: string; replayed: string }
    expect(digest.recorded).toBe(digest.replayed)

    const other = (await replay(run, { policy: 'odm', config: { variant: 'official-exp3' } })).at(-1)!
      .result! as { kind: string; steps: { recorded: number[]; other: number[] }[]; offPolicyWarning: string }
    expect(other.kind).toBe('other')
    expect(other.offPolicyWarning).toContain('recorded under')
    expect(other.steps.some((step) => step.recorded.some((weight, i) => weight !== step.other[i]))).toBe(true)
  })

  it('a replay with a policy that does not exist, or of a run that does not, is refused with a sentence', async () => {
    const run = freshRun('refused-replay')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run }))
    await trainer.version(1)
    await eventually(
      async () => (await supertest(url()).post(`/v1/runs/${run}/replay`).send({})).status === 200,
      'the start in the history',
    )
    const unknown = await supertest(url()).post(`/v1/runs/${run}/replay`).send({ policy: 'nope' })
    expect(unknown.status).toBe(422)
    expect((unknown.body as { detail: string }).detail).toContain('There is no policy "nope"')
    expect((await supertest(url()).post('/v1/runs/none-such/replay').send({})).status).toBe(404)
  })
})
