import { cloudEventHeaders, topics, typeOf, type LedgerEnvelope, type TrainerEvent } from '@mixdesk/contracts'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { expectedDecisions } from '../support/expected.js'
import { aRun, domainsNamed, evaluation, finished, resumed, stepsOf } from '../support/facts.js'
import { askSql, decisionsOf, expectRecorded, mixturesDecided } from '../support/history.js'
import { assertDecisionsMatch } from '../support/invariants.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()
/** Sends an event under an id of the test's choice, as two processes with one run id do. */
const say = ({ name, data }: TrainerEvent, id: string) =>
  kafka.messaging().send(topics.trainerEvents, [
    {
      key: data.run,
      headers: cloudEventHeaders({ id, type: typeOf(name), source: 'test' }),
      value: JSON.stringify(data),
    },
  ])
type Shown = {
  readonly openedBy?: string
  readonly warnings: readonly string[]
  readonly status: string
  readonly step: number
  readonly attempt: number
}
const shown = async (run: string) => (await supertest(url()).get(`/v1/runs/${run}`)).body as Shown
const refusals = async (run: string) =>
  (await decisionsOf(url(), run)).filter((fact: LedgerEnvelope) => fact.type === 'OpeningRefused')

describe('two trainers with one run', () => {
  it('the second start changes nothing; its trainer is told by the commands, people by a fact and a warning', async () => {
    const run = freshRun('started-twice')
    const [mine, theirs, others] = ['mine', 'theirs', 'others'].map((who) => `${run}/${who}`) as [
      string,
      string,
      string,
    ]
    const trainer = await kafka.trainer(run)
    await say(aRun({ run }), mine)
    expect(await trainer.version(1)).toMatchObject({ attempt: 1, openedBy: mine })
    // A trainer that starts now reads the run's newest command first: it need not wait for anything to happen.
    const second = await kafka.trainer(run)
    await say(aRun({ run }), theirs)
    expect((await second.version(1)).openedBy).toBe(mine)
    await say(aRun({ run }), theirs)
    await say(aRun({ run, domains: domainsNamed(2) }), others)
    // It gives up, and says so: that is not the end of the run.
    await say(finished(0, { run, status: 'stopped', openedBy: theirs }), `${theirs}/end`)

    const events = [aRun({ run }), ...stepsOf(0, 9, 2, { run })]
    await trainer.send(...events.slice(1))
    const expected = expectedDecisions(events)
    const newest = await trainer.version(expected.length)
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expected)
    expect(new Set(trainer.commands.map((command) => command.openedBy))).toEqual(new Set([mine]))
    expect((await supertest(url()).get(`/v1/runs/${run}/mixture`)).body).toEqual(newest)

    await eventually(async () => (await refusals(run)).length === 2, 'both refusals')
    expect((await refusals(run)).map(({ data }) => data)).toMatchObject([
      { message: 'run.started', id: theirs, openedBy: mine },
      { message: 'run.started', id: others, because: expect.stringContaining('other settings') as string },
    ])
    const { warnings, ...row } = await shown(run)
    expect(row).toMatchObject({ openedBy: mine, status: 'running', attempt: 1 })
    expect(warnings).toEqual([
      expect.stringMatching(/^2 times somebody else than who began it started this run again/) as string,
      expect.stringMatching(/^Once somebody else than who opened the attempt told of its end/) as string,
    ])
    await say(finished(9, { run, openedBy: mine }), `${mine}/end`)
    await eventually(
      async () => (await shown(run)).status === 'completed',
      'the end that its own trainer tells',
    )
  })

  it('of two that resume from one checkpoint as the same attempt, the first one has it', async () => {
    const run = freshRun('resumed-twice')
    const [mine, theirs] = [`${run}/mine`, `${run}/theirs`]
    const trainer = await kafka.trainer(run)
    const before = [aRun({ run, cadence: 3 }), ...stepsOf(0, 9, 2, { run })]
    const after = stepsOf(6, 14, 2, { run, attempt: 2 })
    await trainer.send(...before)
    await say(resumed(2, 5, { run }), mine)
    await say(resumed(2, 5, { run }), theirs)
    await say(resumed(2, 5, { run }), mine)
    await trainer.send(...after)
    const events = [...before, resumed(2, 5, { run }), ...after]
    const expected = expectedDecisions(events)
    await trainer.version(expected.length)
    assertDecisionsMatch(mixturesDecided(await decisionsOf(url(), run)), expected)
    const second = trainer.commands.filter((command) => command.attempt === 2)
    expect(new Set(second.map((command) => command.openedBy))).toEqual(new Set([mine]))
    expect(await shown(run)).toMatchObject({
      openedBy: mine,
      attempt: 2,
      warnings: [expect.stringContaining('resumed an attempt that had begun') as string],
    })
    expect((await refusals(run)).map(({ data }) => data)).toMatchObject([
      { message: 'run.resumed', asked: 2, id: theirs, openedBy: mine },
    ])
    await expectRecorded(url(), run, events)
    // The history knows who opened what, so a replay finds the same decisions.
    expect(await replayed(run)).toMatchObject({ identical: true, compared: expected.length })
  })

  it('one that died before its first checkpoint begins again under its name, from step −1', async () => {
    const run = freshRun('begun-again')
    const [mine, again] = [`${run}/mine`, `${run}/again`]
    const trainer = await kafka.trainer(run)
    const before = [evaluation(0, { run }), ...stepsOf(0, 4, 2, { run, lossSum: [900, 100, 500] })]
    const after = [evaluation(0, { run, attempt: 2 }), ...stepsOf(0, 11, 2, { run, attempt: 2 })]
    await say(aRun({ run }), mine)
    await trainer.send(...before)
    const { weights } = await trainer.version(1)
    const told = expectedDecisions([aRun({ run }), ...before]).length
    await trainer.version(told)
    await say(resumed(2, -1, { run }), again)
    expect(await trainer.version(told + 1)).toMatchObject({
      ...{ attempt: 2, openedBy: again, fromStep: 0, weights },
    })
    // Nothing has closed since: the run is where it began.
    expect(await shown(run)).toMatchObject({ attempt: 2, step: -1, openedBy: again, warnings: [] })
    await trainer.send(...after)

    const events = [aRun({ run }), ...before, resumed(2, -1, { run }), ...after]
    const expected = expectedDecisions(events)
    await trainer.version(expected.length)
    const decided = mixturesDecided(await decisionsOf(url(), run))
    assertDecisionsMatch(decided, expected)
    const essence = (all: typeof expected) =>
      all
        .filter(({ step }) => step >= 0)
        .map(({ step, weights, evidence, stateDigest }) => ({ step, weights, evidence, stateDigest }))
    const unbroken = [aRun({ run }), evaluation(0, { run }), ...stepsOf(0, 11, 2, { run })]
    expect(essence(decided.filter(({ attempt }) => attempt === 2))).toEqual(
      essence(expectedDecisions(unbroken)),
    )

    await expectRecorded(url(), run, events)
    const ask = (sql: string) => askSql(url(), sql.replace('?', `'${run}'`))
    // From the ledger, which comes beside the reports: the second attempt and all that was decided.
    await eventually(async () => {
      const attempts = await ask('SELECT from_step FROM attempts WHERE run = ? AND attempt = 2')
      const [[count] = []] = await ask('SELECT count() FROM mixtures_decided FINAL WHERE run = ?')
      return attempts.length === 1 && Number(count) === expected.length
    }, 'the second attempt in the history')
    const steps = 'SELECT attempt, count(DISTINCT step), min(step), max(step)'
    expect((await ask(`${steps} FROM losses WHERE run = ? GROUP BY attempt`)).map(numbers)).toEqual([
      [2, 12, 0, 11],
    ])
    expect(
      (await ask(`${steps} FROM all_losses WHERE run = ? AND NOT current GROUP BY attempt`)).map(numbers),
    ).toEqual([[1, 5, 0, 4]])
    const requested = await ask(
      'SELECT DISTINCT attempt, requested_version FROM mixtures WHERE run = ? AND step = 0',
    )
    expect(requested.map(numbers)).toEqual([[2, told + 1]])
    expect(await replayed(run)).toMatchObject({ identical: true, compared: expected.length })
  })
})

const numbers = (row: readonly unknown[]) => row.map(Number)

async function replayed(run: string): Promise<unknown> {
  const { body } = await supertest(url()).post(`/v1/runs/${run}/replay`).send({}).buffer(true).parse(asText)
  const last = String(body).trim().split('\n').at(-1)!
  return (JSON.parse(last) as { result: unknown }).result
}

function asText(response: NodeJS.EventEmitter, done: (error: Error | null, body: string) => void): void {
  let all = ''
  response.on('data', (part: Buffer) => (all += part.toString('utf8')))
  response.on('end', () => done(null, all))
}
