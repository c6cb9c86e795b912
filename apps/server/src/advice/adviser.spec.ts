import {
  cloudEventHeaders,
  headerText,
  streamOf,
  topics,
  typeOf,
  type AdviceGiven,
  type EvaluationMeasured,
  type LossesMeasured,
  type TrainerEvent,
} from '@mixdesk/contracts'
import { createMemoryEventStore, type EventStore } from '@mixdesk/event-store'
import { createMemoryMessaging, type Messaging } from '@mixdesk/messaging'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../config.js'
import { startServer, type Server } from '../start-server.js'

// How long anything here takes says nothing: a busy machine may stand still for a while at any line.
vi.setConfig({ testTimeout: 180_000 })
const patienceMs = 60_000

const run = 'run-1'
const models = fileURLToPath(new URL('../../../../libs/agent/fixtures/', import.meta.url))
const manifestOf = (name: string) =>
  JSON.parse(readFileSync(`${models}${name}.json`, 'utf8')) as Record<string, unknown>

const started = (manifest: object): TrainerEvent => ({
  name: 'run.started',
  data: {
    ...{ run, project: 'p', attempt: 1, ranks: 1, cadence: 1 },
    domains: [
      { name: 'a', weight: 0.5 },
      { name: 'b', weight: 0.3 },
      { name: 'c', weight: 0.2 },
    ],
    policy: { name: 'agent', config: { manifest, floor: 0.1 } },
  },
})
const losses = (...steps: number[]): TrainerEvent[] =>
  steps.map((step) => ({ name: 'losses.measured', data: lossesAt(step) }))
const lossesAt = (step: number): LossesMeasured => ({
  ...{ run, attempt: 1, step, rank: 0 },
  tokens: [10, 20, 30],
  lossSum: [30, 40, 50],
})
const evaluation = (step: number): TrainerEvent => ({ name: 'evaluation.measured', data: evaluationAt(step) })
const evaluationAt = (step: number): EvaluationMeasured => ({
  ...{ run, attempt: 1, step },
  loss: [3, 2.5, 2],
  scores: { exam: 0.7 },
})

let memory: Messaging
let ledger: EventStore
let said: AdviceGiven[]
let listening: { stop(): Promise<void> }
const servers: Server[] = []

beforeEach(async () => {
  memory = createMemoryMessaging()
  ledger = createMemoryEventStore()
  said = []
  await memory.start()
  await memory.ensureTopics([{ topic: topics.trainerEvents, partitions: 1, compacted: false }])
  const reader = memory.reader({
    topic: topics.trainerEvents,
    from: 'beginning',
    onMessage: ({ headers, value }) => {
      if (headerText(headers, 'ce_type') === typeOf('advice.given'))
        said.push(JSON.parse(new TextDecoder().decode(value ?? new Uint8Array())) as AdviceGiven)
    },
  })
  await reader.start()
  listening = reader
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  await listening.stop()
})

async function begin(messaging: Messaging = memory): Promise<Server> {
  // A server stops what it stands on; the next one stands on the same.
  const stop = async () => undefined
  const config = readConfig({
    MIXDESK_ROLES: 'mixture,relay',
    MIXDESK_PORT: '0',
    MIXDESK_LOG_LEVEL: 'error',
    MIXDESK_SNAPSHOT_EVERY_MS: '1',
    MIXDESK_SWEEP_EVERY_MS: '10',
    MIXDESK_MODELS: models,
  })
  const server = await startServer({
    config,
    store: { ...ledger, stop },
    messaging: { ...messaging, stop },
    analytics: undefined,
  })
  servers.push(server)
  return server
}
const tell = (...events: TrainerEvent[]) =>
  memory.send(
    topics.trainerEvents,
    events.map(({ name, data }) => ({
      key: run,
      headers: cloudEventHeaders({ id: 'x', type: typeOf(name), source: 'spec' }),
      value: JSON.stringify(data),
    })),
  )
const facts = async () => (await ledger.readStream(streamOf(run))).map(({ type, data }) => ({ type, data }))
const answers = (count: number) =>
  vi.waitFor(() => {
    expect(said.length).toBeGreaterThanOrEqual(count)
    return said
  }, patienceMs)
const hasRuntime = () =>
  process.platform === 'linux' ? readFileSync('/proc/self/maps', 'utf8').includes('onnxruntime') : undefined

describe('the adviser', () => {
  it('loads no runtime before a run wants advice, then answers into the log of the run, once', async () => {
    await begin()
    await tell(started(manifestOf('zeros')), ...losses(0, 1))
    await vi.waitFor(async () => expect((await facts()).length).toBeGreaterThan(1), patienceMs)
    expect(hasRuntime() ?? false).toBe(false)

    await tell(evaluation(1), ...losses(2, 3, 4))
    const [answer] = await answers(1)
    expect(answer).toEqual({
      run,
      attempt: 1,
      step: 1,
      source: `zeros@sha256:${String(manifestOf('zeros')['model'])}`,
      values: [0, 0, 0],
    })
    expect(hasRuntime() ?? true).toBe(true)
    await tell(...losses(5, 6, 7))
    await vi.waitFor(async () => {
      const decided = (await facts()).filter(({ type }) => type === 'MixtureDecided')
      expect(decided.at(-1)!.data).toMatchObject({ version: 2, weights: [1 / 3, 1 / 3, 1 / 3] })
    }, patienceMs)
    expect(said).toHaveLength(1)
    await tell(evaluation(7), ...losses(8))
    expect((await answers(2)).map(({ step }) => step)).toEqual([1, 7])
  })

  it('says in the log why there is no answer, and the run holds with that sentence', async () => {
    await begin()
    const lost = { ...manifestOf('zeros'), model: 'b'.repeat(64) }
    await tell(started(lost), ...losses(0), evaluation(0))
    const [answer] = await answers(1)
    expect(answer).toMatchObject({
      values: [],
      because: expect.stringMatching(/^There is no model for zeros@sha256:b+ here/),
    })
    await tell(...losses(1))
    await vi.waitFor(async () => {
      expect((await facts()).at(-1)).toMatchObject({
        type: 'MixtureHeld',
        data: {
          because: expect.stringMatching(/^The agent zeros .* gave no answer: There is no model for zeros/),
        },
      })
    }, patienceMs)
  })

  it('an answer that JSON cannot carry is none', async () => {
    await begin()
    await tell(started(manifestOf('nan')))
    for (const step of [0, 1, 2]) {
      await tell(...losses(step), evaluation(step))
      await answers(step + 1)
    }
    expect(said.map(({ because }) => because)).toEqual([
      undefined,
      undefined,
      'It answered with a number that is not finite.',
    ])
  })

  it('asks again where the answer did not reach the log', async () => {
    let away = true
    let failures = 0
    await begin({
      ...memory,
      async send(topic, messages) {
        if (topic === topics.trainerEvents && away) {
          failures++
          throw new Error('the broker is away')
        }
        return memory.send(topic, messages)
      },
    })
    await tell(started(manifestOf('identity')), ...losses(0), evaluation(0))
    await vi.waitFor(() => expect(failures).toBeGreaterThan(0), patienceMs)
    expect(said).toEqual([])
    away = false
    await tell(...losses(1))
    expect(await answers(1)).toMatchObject([
      { step: 0, values: [0.5, expect.closeTo(0.3, 6), expect.closeTo(0.2, 6)] },
    ])
  })

  it('asks after a restart what was not answered before: the question is in the state of the run', async () => {
    const silent: Messaging = {
      ...memory,
      send: async (topic, messages) =>
        topic === topics.trainerEvents ? Promise.reject(new Error('killed')) : memory.send(topic, messages),
    }
    const first = await begin(silent)
    await tell(started(manifestOf('zeros')), ...losses(0), evaluation(0), ...losses(1))
    await vi.waitFor(async () => {
      expect((await facts()).at(-1)?.data).toMatchObject({
        because: expect.stringContaining('has not answered'),
      })
    }, patienceMs)
    await first.stop()
    expect(said).toEqual([])
    await begin()
    await tell(...losses(2))
    expect(await answers(1)).toMatchObject([{ step: 0, values: [0, 0, 0] }])
  })
})
