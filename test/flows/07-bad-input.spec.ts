import { topics, typeOf, type TrainerEvent } from '@mixdesk/contracts'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { expectedDecisions } from '../support/expected.js'
import { eventually } from '../support/eventually.js'
import { aRun, applied, losses, stepsOf } from '../support/facts.js'
import { askSql, decisionsOf, mixturesDecided } from '../support/history.js'
import { assertDecisionsMatch } from '../support/invariants.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()
const good = losses(0)
/** A report with something wrong with it, and what is said about it. */
const faults: readonly (readonly [what: string, data: object, says: string])[] = [
  ['a negative count', { tokens: [-1, 1, 1] }, '`tokens[0]` should be a non-negative integer, got -1'],
  ['a count with a fraction', { tokens: [1.5, 1, 1] }, '`tokens[0]` should be a non-negative integer'],
  ['unequal lengths', { lossSum: [1, 2] }, '`lossSum` has 2 entries where `tokens` has 3'],
  ['a text for a loss', { lossSum: ['1', 2, 3] }, '`lossSum[0]` should be a finite number'],
  ['a step of −1', { step: -1 }, '`step` should be a non-negative integer, got -1'],
  ['an unknown domain', { domains: [0, 1, 7] }, 'there is no domain with index 7'],
  ['a domain named twice', { domains: [0, 1, 1] }, 'names index 1 twice'],
  ['another number of domains', { tokens: [1, 1], lossSum: [1, 1] }, '2 domains came, the run has 3'],
]

const event = (name: string, data: object) => ({
  specversion: '1.0',
  id: 'x',
  source: 'test',
  type: typeOf(name),
  data,
})
const post = async (body: unknown) => {
  const { status, body: answer } = await supertest(url())
    .post('/v1/events')
    .send(body as object)
  return `${status} ${(answer as { detail?: string }).detail ?? ''}`
}

describe('bad input', () => {
  it('over HTTP each gets 422 and a sentence that names the field, and nothing of the batch is taken', async () => {
    const run = freshRun('http')
    expect(await post([event('run.started', aRun({ run }).data)])).toContain('202')
    for (const [what, fault, says] of faults)
      expect(await post([event('losses.measured', { ...good.data, run, ...fault })]), what).toContain(says)
    expect(
      await post([
        event('losses.measured', { ...good.data, run }),
        event('losses.measured', { ...good.data, run, step: -1 }),
      ]),
    ).toContain('422 Event 1:')
    expect(await post([event('losses.measured', { ...good.data, run: freshRun('never') })])).toContain(
      'has not started',
    )
    expect(await post([event('losses.guessed', { run })])).toContain('422 Unknown type')
    expect(await post([])).toContain('422 The batch is empty')
    expect(await post([{ hello: 'world' }])).toContain('422 `specversion` "1.0" was expected')
    expect(
      await post([event('run.started', aRun({ run: freshRun('p'), policy: { name: 'nope' } }).data)]),
    ).toContain('There is no policy "nope"')
    expect(
      await post([
        event(
          'run.started',
          aRun({ run: freshRun('p'), policy: { name: 'odm', config: { smoothness: 1 } } }).data,
        ),
      ]),
    ).toContain('smoothness')
    expect(
      await post([event('run.started', aRun({ run: freshRun('p'), guards: { floor: 0.5 } }).data)]),
    ).toContain('the floors add up to 1.5')
    const broken = await supertest(url())
      .post('/v1/events')
      .set('content-type', 'application/cloudevents-batch+json')
      .send('[{')
    expect(broken.status).toBe(400)
    expect(broken.type).toBe('application/problem+json')
    const huge = await supertest(url())
      .post('/v1/events')
      .set('content-type', 'application/json')
      .send(`["${'x'.repeat(20 * 1024 * 1024)}"]`)
      .catch(() => ({ status: 413, body: { detail: 'The body is larger than 16777216 bytes' } }))
    expect(huge.status).toBe(413)
    expect((huge.body as { detail: string }).detail).toContain('larger than 16777216 bytes')
  })

  it('over Kafka each becomes a dead letter with its original bytes and a reason, and never stops the partition', async () => {
    const run = freshRun('kafka')
    const trainer = await kafka.trainer(run)
    const sound: TrainerEvent[] = [aRun({ run }), ...stepsOf(0, 9, 2, { run })]
    const send = (name: string, value: string | Uint8Array, key = run) =>
      kafka.messaging().send(topics.trainerEvents, [
        {
          key,
          headers: { ce_id: 'x', ce_type: typeOf(name), ce_source: 'test', ce_specversion: '1.0' },
          value,
        },
      ])
    await trainer.send(...sound.slice(0, 7))
    const bytes = new Map<string, string | Uint8Array>()
    for (const [, fault, says] of faults) {
      const value = JSON.stringify({ ...good.data, run, step: 3, ...fault })
      bytes.set(says, value)
      await send('losses.measured', value)
    }
    const others: readonly (readonly [name: string, value: string | Uint8Array, says: string])[] = [
      ['losses.measured', '{"run": ', 'is not JSON'],
      ['losses.measured', new Uint8Array([0xff, 0xfe, 0x00]), 'is not UTF-8'],
      ['losses.guessed', '{}', 'Unknown type'],
      [
        'losses.measured',
        JSON.stringify({ nonsense: 'x'.repeat(1.5 * 1024 * 1024) }),
        'at most 1048576 are accepted',
      ],
      [
        'mixture.applied',
        JSON.stringify(applied(99, 0, { run, step: 3 }).data),
        'version 99 was never issued',
      ],
      [
        'run.started',
        JSON.stringify(aRun({ run, domains: [{ name: 'other' }] }).data),
        'has started already with other settings',
      ],
      ['losses.measured', JSON.stringify({ ...good.data, run, rank: 2, step: 3 }), "rank 2 doesn't exist"],
      ['losses.measured', JSON.stringify({ ...good.data, run, step: 10_000_000 }), 'steps ahead'],
      ['losses.measured', JSON.stringify({ ...good.data, run: `${run}-never` }), 'The key of the message'],
    ]
    for (const [name, value, says] of others) {
      bytes.set(says, value)
      await send(name, value)
    }
    await send('losses.measured', JSON.stringify({ ...good.data, run: `${run}-never` }), `${run}-never`)
    await trainer.send(...sound.slice(7))

    const expected = expectedDecisions(sound)
    await trainer.version(expected.length)
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expected)

    const letters: { because: string; value: Uint8Array }[] = []
    const decoder = new TextDecoder()
    const reader = kafka.messaging().reader({
      topic: topics.deadLetters,
      keys: [run, `${run}-never`],
      from: 'beginning',
      onMessage: (message) =>
        letters.push({
          because: String(message.headers['mixdesk-because']),
          value: message.value ?? new Uint8Array(),
        }),
    })
    await reader.start()
    for (const [says, value] of bytes) {
      const same = (bytes: Uint8Array) =>
        typeof value === 'string' ? decoder.decode(bytes) === value : Buffer.compare(bytes, value) === 0
      await eventually(
        () => letters.some((one) => one.because.includes(says) && same(one.value)),
        `a dead letter with the original bytes, saying "${says}"`,
      )
    }
    await eventually(
      () => letters.some((one) => one.because.includes('has not started')),
      'a dead letter for the run that never started',
    )
    await reader.stop()
    // A rank that the run doesn't have is nobody's evidence, and no part of any curve.
    const lastStep = `SELECT count() FROM observations FINAL WHERE run = '${run}' AND step = 9`
    await eventually(
      async () => Number((await askSql(url(), lastStep))[0]?.[0]) === 2,
      'what was said after all of it in the history',
    )
    expect(
      await askSql(url(), `SELECT count() FROM observations FINAL WHERE run = '${run}' AND rank >= 2`),
    ).toEqual([[0]])
    await eventually(
      async () =>
        Number((await askSql(url(), `SELECT count() FROM dead_letters WHERE key = '${run}'`))[0]?.[0]) >=
        bytes.size,
      'the dead letters in the history',
    )
  })

  it('a number that is not finite makes its domain absent for the step, counted and told, and the run goes on', async () => {
    const run = freshRun('nan')
    const trainer = await kafka.trainer(run)
    const events = [
      aRun({ run, ranks: 1 }),
      ...stepsOf(0, 5, 1, { run }),
      losses(6, 0, { run, lossSum: [null, 200, 300] }),
      ...stepsOf(7, 11, 1, { run }),
    ]
    await trainer.send(...events)
    const expected = expectedDecisions(events)
    await trainer.version(expected.length)
    const facts = await decisionsOf(url(), run)
    assertDecisionsMatch(mixturesDecided(facts), expected)
    expect(facts.find((fact) => fact.type === 'DomainQuarantined')).toMatchObject({
      data: { domain: 'web', step: 6 },
    })
  })

  it('a run with a policy that does not exist is refused in the ledger; its losses are kept', async () => {
    const run = freshRun('refused')
    const trainer = await kafka.trainer(run)
    await trainer.send(aRun({ run, policy: { name: 'nope' } }), ...stepsOf(0, 3, 2, { run }))
    const row = await eventually(async () => {
      const { status, body } = await supertest(url()).get(`/v1/runs/${run}`)
      return status === 200 && (body as { status: string; problems: string[] })
    }, 'the refusal')
    expect(row.status).toBe('refused')
    expect(row.problems[0]).toContain('There is no policy "nope"')
    const mixture = await supertest(url()).get(`/v1/runs/${run}/mixture`)
    expect(mixture.status).toBe(409)
    await eventually(
      async () =>
        (await askSql(url(), `SELECT count() FROM observations FINAL WHERE run = '${run}'`))[0]?.[0] === 8,
      'its losses in the history',
    )
  })
})
