import { describe, expect, it } from 'vitest'
import {
  aRun,
  advice,
  checkpoint,
  decisionsIn,
  evaluation,
  finished,
  given,
  inLog,
  resumed,
  runId,
  stepsOf,
  tell,
} from '../../../test/support/facts.js'
import { openDesk } from './run-desk.js'
import { createReplay } from './replay.js'

const model = 'a'.repeat(64)
const source = `mixer@sha256:${model}`
const manifest = {
  name: 'mixer',
  model,
  opset: 17,
  domains: ['web', 'code', 'books'],
  feedback: ['web', 'code', 'books'].map((name) => ({ name, from: 'loss', mean: 3, scale: 1 })),
  history: 4,
  intervalTokens: 1000,
  progress: false,
  output: 'distribution',
}
const start = aRun({ policy: { name: 'agent', config: { manifest } } })
const told = advice(1, [0.2, 0.2, 0.6], { source })
const before = [start, ...stepsOf(0, 1), evaluation(1)]

describe('a run that wants advice', () => {
  it('says what it wants once an evaluation is folded, and no more once it is answered', () => {
    const desk = openDesk(runId)
    expect(desk.wants()).toBeUndefined()
    tell(inLog([start, ...stepsOf(0, 1)]), { desk })
    expect(desk.wants()).toBeUndefined()
    tell(inLog([evaluation(1)], 5), { desk })
    expect(desk.wants()).toEqual({
      ...{ kind: 'onnx', attempt: 1, step: 1, source, model, manifest },
      inputs: { distributions: [[0.5, 0.25, 0.25]], feedback: [[-1, 0, 1]] },
    })
    tell(inLog([told], 6), { desk })
    expect(desk.wants()).toBeUndefined()
  })

  it('still wants it after a restart: the question is in the snapshot', () => {
    const { desk } = given(...before).when()
    const again = openDesk(runId, { state: desk.snapshot(), cursor: desk.cursor() })
    expect(again.wants()).toEqual(desk.wants())
    expect(again.wants()).toBeDefined()
  })

  it('decides by it at its cadence, and names it in the evidence', () => {
    const { effects } = given(...before).when(told, ...stepsOf(2, 3))
    const [decided] = decisionsIn(effects)
    expect(decided).toMatchObject({ step: 3, weights: [0.2, 0.2, 0.6] })
    const other = given(...before).when(advice(1, [0.2, 0.6, 0.2], { source }), ...stepsOf(2, 3))
    const unanswered = given(...before)
      .when(...stepsOf(2, 3))
      .desk.state()!.learning.evidence
    const digests = [effects, other.effects].map((one) => decisionsIn(one)[0]!.evidence.digest)
    expect(new Set([...digests, JSON.stringify(unanswered)]).size).toBe(3)
  })

  it('takes the first answer of a source to a step; a second is counted and changes nothing', () => {
    const once = given(...before).when(told)
    const twice = given(...before).when(told, advice(1, [1, 0, 0], { source }))
    expect(twice.desk.state()!.counts).toMatchObject({ duplicateAdvice: 1 })
    expect(twice.desk.state()!.learning).toEqual(once.desk.state()!.learning)
  })

  it('holds with the sentence of whoever could not answer', () => {
    const none = advice(1, [], { source, because: 'There is no such model here.' })
    const { effects } = given(...before).when(none, ...stepsOf(2, 3))
    expect(effects.events).toMatchObject([
      {
        type: 'MixtureHeld',
        data: {
          because: 'The agent mixer (model aaaaaaaaaaaa…) gave no answer: There is no such model here.',
        },
      },
    ])
  })

  it('takes a snapshot of before there was advice', () => {
    const { desk } = given(...before).when()
    const { seen, ...rest } = JSON.parse(desk.snapshot()) as { seen: { advice?: unknown } }
    expect(seen.advice).toBeUndefined()
    const old = openDesk(runId, { state: JSON.stringify({ ...rest, seen }), cursor: desk.cursor() })
    const { effects } = tell(inLog([told, ...stepsOf(2, 3)], desk.cursor()), { desk: old })
    expect(decisionsIn(effects)).toMatchObject([{ weights: [0.2, 0.2, 0.6] }])
  })

  it('asks again in a new attempt, and leaves an answer to the attempt before', () => {
    const story = [...before, checkpoint(1), ...stepsOf(2, 3), resumed(2, 1), told]
    const { desk, ingested } = given().when(...story)
    expect(ingested.at(-1)).toMatchObject({
      kind: 'ignored',
      because: expect.stringContaining('Attempt 1 is over'),
    })
    expect(desk.wants()).toMatchObject({ attempt: 2, step: 1 })
    const answered = { ...told, data: { ...told.data, attempt: 2 } } as typeof told
    tell(inLog([answered], desk.cursor()), { desk })
    expect(desk.wants()).toBeUndefined()
  })

  it('wants nothing once it is over, or when it is mixed by a policy that asks nobody', () => {
    expect(
      given(...before)
        .when(finished(1))
        .desk.wants(),
    ).toBeUndefined()
    expect(
      given(aRun(), ...stepsOf(0, 1), evaluation(1))
        .when()
        .desk.wants(),
    ).toBeUndefined()
  })

  it('replays to the same decisions from its log alone', () => {
    const events = [
      ...before,
      told,
      ...stepsOf(2, 5),
      evaluation(5),
      ...stepsOf(6, 7),
      advice(5, [0, 0, 1], { source }),
    ]
    const messages = inLog([...events, ...stepsOf(8, 9), finished(9)])
    const { effects } = tell(messages)
    const replay = createReplay(start.data as never, { kind: 'same' }, decisionsIn(effects))
    for (const message of messages) replay.take(message)
    expect(replay.finish()).toMatchObject({ kind: 'same', identical: true })
    expect(decisionsIn(effects).map((one) => one.weights)).toEqual([
      [0.5, 0.25, 0.25],
      [0.2, 0.2, 0.6],
      [0, 0, 1],
    ])
  })
})

it('leaves advice for a run that lets somebody else fit its laws to the policy, and keeps it as evidence', () => {
  const run = aRun({ policy: { name: 'ado', config: { fit: 'advice', startStep: 1 } } })
  const laws = [2, 1, 0.3, 2, 1, 0.3, 2, 1, 0.3]
  const { desk } = given(run, ...stepsOf(0, 2)).when(advice(2, laws))
  const without = given(run, ...stepsOf(0, 2)).when()
  expect(desk.state()!.learning).not.toEqual(without.desk.state()!.learning)
})
