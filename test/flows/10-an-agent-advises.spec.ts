import { readFile } from 'node:fs/promises'
import {
  headerText,
  nameOfType,
  topics,
  type AdviceGiven,
  type TrainerEvent,
  type TrainerEventName,
} from '@mixdesk/contracts'
import { createLearner, worlds, type Learner } from '@mixdesk/simulation'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { expectedDecisions } from '../support/expected.js'
import { askSql, decisionsOf, expectRecorded, mixturesDecided } from '../support/history.js'
import { assertDecisionsMatch } from '../support/invariants.js'
import { freshRun, onKafka, url } from './chapter.js'

const kafka = onKafka()
const example = new URL('../../libs/agent/models/example-agent.json', import.meta.url)
const manifest = JSON.parse(await readFile(example, 'utf8')) as { name: string; model: string }
const source = `${manifest.name}@sha256:${manifest.model}`

/** A learner in a world with the domains that the shipped example speaks of; it evaluates every eighth step. */
const learnerOf = (run: string, given: object = manifest, world = worlds.plain) =>
  createLearner({
    ...{ run, project: 'flows', world, seed: 7, evaluateEvery: 8, horizonSteps: 64 },
    policy: { name: 'agent', config: { manifest: given } },
    started: { cadence: 1 },
  })
const stepsUntil = (learner: Learner, last: number): TrainerEvent[] => {
  const events: TrainerEvent[] = []
  while (learner.step < last) events.push(...learner.stepEvents(learner.step + 1))
  return events
}

/**
 * What was answered, as the history has it from the log of the run. A desk that moved to and fro has asked twice, and was
 * answered twice with the same words: they count once, here as in the decisions.
 */
const adviceIn = (run: string, atLeast: number): Promise<AdviceGiven[]> =>
  eventually(async () => {
    const rows = await askSql(
      url(),
      `SELECT DISTINCT step, data FROM run_events WHERE run = '${run}' AND name = 'advice.given' ORDER BY step`,
    )
    return rows.length >= atLeast && rows.map(([, data]) => JSON.parse(String(data)) as AdviceGiven)
  }, `${atLeast} answers for ${run} in the history`)

/** Everything said of a run up to its end, in the order of the log. */
async function logOf(run: string): Promise<TrainerEvent[]> {
  const log: TrainerEvent[] = []
  const text = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes ?? new Uint8Array())
  const reader = kafka.messaging().reader({
    ...{ topic: topics.trainerEvents, keys: [run], from: 'beginning' },
    onMessage: ({ headers, key, value }) => {
      const name = nameOfType(headerText(headers, 'ce_type') ?? '') as TrainerEventName
      if (text(key) === run) log.push({ name, data: JSON.parse(text(value)) })
    },
  })
  await reader.start()
  try {
    await eventually(() => log.at(-1)?.name === 'run.finished', `the end of ${run} in its log`)
  } finally {
    await reader.stop()
  }
  return log
}

/** Lines of a replay with the run's own policy. */
async function replayed(run: string): Promise<string> {
  const { body } = await supertest(url())
    .post(`/v1/runs/${run}/replay`)
    .send({})
    .buffer(true)
    .parse((response, done) => {
      let all = ''
      response.on('data', (part: Buffer) => (all += part.toString('utf8')))
      response.on('end', () => done(null, all))
    })
  return body as string
}

describe('an agent advises', () => {
  it('is asked after an evaluation, its answer is in the log, the mixture follows, and a replay needs no model', async () => {
    const run = freshRun('advised')
    const trainer = await kafka.trainer(run)
    const learner = learnerOf(run)
    await trainer.send(learner.start())
    expect((await trainer.version(1)).because).toContain('No feedback yet: no evaluation has carried')

    for (const [i, evaluated] of [7, 15, 23].entries()) {
      await trainer.send(...stepsUntil(learner, evaluated))
      const advice = await adviceIn(run, i + 1)
      expect(advice).toHaveLength(i + 1)
      const { values, ...answer } = advice.at(-1)!
      expect(answer).toEqual({ run, attempt: 1, step: evaluated, source })
      // The next step asks the policy, and the mixture is the one of the answer.
      await trainer.send(...stepsUntil(learner, evaluated + 1))
      const mixture = await trainer.version(i + 2)
      const powers = values.map((logit) => Math.exp(logit))
      const total = powers.reduce((sum, power) => sum + power, 0)
      mixture.weights.forEach((weight, k) => expect(weight).toBeCloseTo(powers[k]! / total, 12))
      expect(mixture).toMatchObject({
        version: i + 2,
        decidedAtStep: evaluated + 1,
        because: expect.stringContaining(`answered the evaluation of step ${evaluated}:`),
      })
      learner.receive(mixture)
    }
    await trainer.send(learner.finish())

    // The same messages folded by the pure core, which has no way to run a model.
    const decided = mixturesDecided(await decisionsOf(url(), run))
    const log = await logOf(run)
    const answered = log.flatMap(({ name, data }) => (name === 'advice.given' ? [data.step] : []))
    expect([...new Set(answered)]).toEqual([7, 15, 23])
    assertDecisionsMatch(decided, expectedDecisions(log))
    expect(decided).toHaveLength(4)
    await expectRecorded(url(), run, log)
    const last = JSON.parse((await replayed(run)).trim().split('\n').at(-1)!) as { result: object }
    expect(last.result).toMatchObject({ kind: 'same', identical: true, compared: 4 })
  })

  it('that is not there is missed with a sentence in the log, and the run keeps its mixture', async () => {
    const run = freshRun('unadvised')
    const trainer = await kafka.trainer(run)
    const learner = learnerOf(run, { ...manifest, model: 'b'.repeat(64) })
    await trainer.send(learner.start(), ...stepsUntil(learner, 7))
    const [answer] = await adviceIn(run, 1)
    expect(answer).toMatchObject({ values: [], because: expect.stringContaining('There is no model for') })
    await trainer.send(...stepsUntil(learner, 8))
    const held = await eventually(async () => {
      const facts = await decisionsOf(url(), run)
      return facts.find((fact) => fact.type === 'MixtureHeld' && fact.data.because.includes('gave no answer'))
    }, 'the hold')
    expect(held).toMatchObject({
      data: { because: expect.stringMatching(/^The agent example-agent .*There is no model/) },
    })
  })

  it('for other domains refuses the run, naming those that do not match', async () => {
    const run = freshRun('mismatched')
    const trainer = await kafka.trainer(run)
    await trainer.send(learnerOf(run, manifest, worlds.useless).start())
    const { problems } = await eventually(async () => {
      const { body } = (await supertest(url()).get(`/v1/runs/${run}`)) as {
        body: { status: string; problems: string[] }
      }
      return body.status === 'refused' && body
    }, 'the refusal')
    expect(problems).toEqual([
      'manifest.domains: expected the 5 domains of this run, got 4; only in the run: noise; only in the manifest: none. Take an agent that was trained for these domains.',
    ])
  })
})
