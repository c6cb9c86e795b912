import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { expectedDecisions } from '../support/expected.js'
import { aRun, stepsOf } from '../support/facts.js'
import { decisionsOf } from '../support/history.js'
import type { LedgerEnvelope } from '@mixdesk/contracts'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()
const post = (run: string, what: string, body: object = {}) =>
  supertest(url()).post(`/v1/runs/${run}/${what}`).send(body)
/** What the ledger answers. A server that has to wait for it too long says only that the request is in the log. */
async function asked(run: string, what: string, body: object = {}): Promise<object> {
  const requestId = `${run}-${what}`
  const answer = await post(run, what, { ...body, requestId })
  expect([200, 202], JSON.stringify(answer.body)).toContain(answer.status)
  if (answer.status === 200) return answer.body as object
  const isAnswer = ({ data }: LedgerEnvelope) => 'requestId' in data && data.requestId === requestId
  return eventually(async () => (await decisionsOf(url(), run)).find(isAnswer), `the answer to ${requestId}`)
}

describe('people intervene', () => {
  it('a frozen run keeps its mixture while the policy goes on watching; thawed, it moves again', async () => {
    const run = freshRun('frozen')
    const trainer = await kafka.trainer(run)
    const events = [aRun({ run }), ...stepsOf(0, 9, 2, { run })]
    await trainer.send(...events)
    const before = await trainer.version(expectedDecisions(events).length)
    expect(await asked(run, 'freeze', { by: 'ada', because: 'looks odd' })).toMatchObject({
      type: 'MixtureFrozen',
      data: { by: 'ada', because: 'looks odd', step: 9 },
    })
    expect((await post(run, 'freeze')).status).toBe(409)

    await trainer.send(...stepsOf(10, 19, 2, { run }))
    await eventually(
      async () => ((await supertest(url()).get(`/v1/runs/${run}`)).body as { step: number }).step === 19,
      'step 19 closed',
    )
    expect(trainer.mixtures().at(-1)!.version).toBe(before.version)
    const held = (await decisionsOf(url(), run)).find(
      (fact) => fact.type === 'MixtureHeld' && fact.data.guards.some((bite) => bite.guard === 'frozen'),
    )
    expect(held).toMatchObject({ data: { because: 'Frozen by ada: looks odd' } })

    expect(await asked(run, 'thaw', { by: 'ada' })).toMatchObject({ type: 'MixtureThawed' })
    await trainer.send(...stepsOf(20, 21, 2, { run }))
    await trainer.version(before.version + 1)
  })

  it('a mixture set by a person reaches the trainer as the next version, with their name', async () => {
    const run = freshRun('overridden')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run }))
    await trainer.version(1)
    const weights = { web: 0.5, code: 0.3, books: 0.2 }
    expect(await asked(run, 'override', { weights, by: 'grace', because: 'more web' })).toMatchObject({
      type: 'MixtureOverridden',
    })
    const mixture = await trainer.version(2)
    expect(mixture).toMatchObject({ weights: [0.5, 0.3, 0.2], because: 'Set by grace: more web' })
  })

  it('a request that makes no sense is refused with a sentence, and one sent twice counts once', async () => {
    const run = freshRun('senseless')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run }))
    await trainer.version(1)
    const detail = async (what: string, body: object) => {
      const { status, body: problem } = await post(run, what, body)
      return `${status} ${(problem as { detail: string }).detail}`
    }
    expect(await detail('override', { weights: [0.5, 0.5] })).toContain(
      '422 The run has 3 domains, 2 weights came',
    )
    expect(await detail('override', { weights: [0.5, 0.5, 0.5] })).toContain('422 The weights add up to 1.5')
    expect(await detail('override', { weights: { web: 1, code: 0, news: 0 } })).toContain(
      'Unknown: news. Missing: books.',
    )
    expect(await detail('override', { weights: [1, -1, 1] })).toContain('400')
    expect(await detail('thaw', {})).toContain('409 The run is not frozen')
    expect((await post('no-such-run', 'freeze')).status).toBe(404)

    const answers = await Promise.all([
      post(run, 'freeze', { requestId: 'same' }),
      post(run, 'freeze', { requestId: 'same' }),
    ])
    // The slower one may find the run frozen; both may be answered before the ledger has spoken.
    for (const { status } of answers) expect([200, 202, 409]).toContain(status)
    await eventually(
      async () => ((await supertest(url()).get(`/v1/runs/${run}`)).body as { frozen: boolean }).frozen,
      'the run frozen',
    )
    // Behind both in the log: once it is answered, both have been.
    await asked(run, 'thaw')
    const frozen = (await decisionsOf(url(), run)).filter((fact) => fact.type === 'MixtureFrozen')
    expect(frozen).toHaveLength(1)
  })
})
