import { cloudEventHeaders, streamOf, topics, typeOf, type LossesMeasured } from '@mixdesk/contracts'
import { createMemoryEventStore, type EventStore } from '@mixdesk/event-store'
import { createMemoryMessaging, type Messaging, type OutgoingMessage } from '@mixdesk/messaging'
import { createRefold } from '@mixdesk/mixture'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../config.js'
import { startServer, type Server } from '../start-server.js'
import { Desks } from '../mixture/desks.js'
import { Intake, mixtureGroup } from './intake.js'

// How long anything here takes says nothing: a busy machine may stand still for a while at any line.
vi.setConfig({ testTimeout: 180_000 })
const patienceMs = 60_000

const run = 'run-1'
const message = (name: string, data: object): OutgoingMessage => ({
  key: run,
  headers: cloudEventHeaders({ id: 'x', type: typeOf(name), source: 'spec' }),
  value: JSON.stringify(data),
})
const started = {
  run,
  project: 'p',
  attempt: 1 as const,
  domains: [{ name: 'web' }, { name: 'code' }],
  policy: { name: 'odm' },
  ranks: 1,
  cadence: 1,
}
const lossesAt = (step: number): LossesMeasured => ({
  run,
  attempt: 1,
  step,
  rank: 0,
  tokens: [10, 20],
  lossSum: [30 + step, 40 - step],
})
const losses = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => lossesAt(first + i))
const dead = message('losses.guessed', {})

/** Facts of the run with the first `count` steps, nothing having gone wrong. */
function factsWith(count: number) {
  const refold = createRefold(run)
  const events = [
    { name: 'run.started' as const, data: started, id: 'x' },
    ...losses(0, count - 1).map((data) => ({ name: 'losses.measured' as const, data })),
  ]
  return events
    .flatMap((event, offset) => refold.take({ ...event, offset }))
    .flatMap((effects) => effects.events)
}

function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

let memory: Messaging
let ledger: EventStore
beforeEach(async () => {
  memory = createMemoryMessaging()
  ledger = createMemoryEventStore()
  await memory.start()
  await memory.ensureTopics([{ topic: topics.trainerEvents, partitions: 1, compacted: false }])
})

const servers: Server[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())))

async function begin(store: EventStore, messaging: Messaging): Promise<Server> {
  const config = readConfig({
    MIXDESK_ROLES: 'mixture,relay',
    MIXDESK_PORT: '0',
    MIXDESK_LOG_LEVEL: 'error',
    MIXDESK_SNAPSHOT_EVERY_MS: '1',
    MIXDESK_SWEEP_EVERY_MS: '10',
  })
  const server = await startServer({ config, store, messaging, analytics: undefined })
  servers.push(server)
  return server
}
const say = (...messages: OutgoingMessage[]) => memory.send(topics.trainerEvents, messages)
const reported = (first: number, last: number) =>
  losses(first, last).map((data) => message('losses.measured', data))
const facts = async () => (await ledger.readStream(streamOf(run))).map(({ type, data }) => ({ type, data }))
const committed = async () => (await memory.committed(mixtureGroup, topics.trainerEvents))[0]?.offset

describe('the intake', () => {
  it('skips nothing when a desk is overtaken while a dead letter is on its way', async () => {
    const committing = gate()
    const farther = gate()
    const conflicted = gate()
    let letters = 0
    // The first letter waits until a commit is on its way, the second until that commit's conflict has been answered.
    const messaging: Messaging = {
      ...memory,
      async send(topic, messages) {
        if (topic === topics.deadLetters && ++letters === 1) await committing.opened
        if (topic === topics.deadLetters && letters === 2) {
          farther.open()
          await conflicted.opened
        }
        return memory.send(topic, messages)
      },
    }
    let commits = 0
    // The first commit succeeds, but its answer is lost; the repetition is told that somebody has written already.
    const store: EventStore = {
      ...ledger,
      async commit(commit) {
        const result = await ledger.commit(commit)
        if (++commits !== 1 || result.kind !== 'committed') return result
        committing.open()
        await farther.opened
        setImmediate(conflicted.open)
        return { kind: 'conflict', actualVersion: result.version }
      },
    }
    await say(
      message('run.started', started),
      ...reported(0, 4),
      dead,
      ...reported(5, 9),
      dead,
      ...reported(10, 14),
    )
    await begin(store, messaging)
    await vi.waitFor(async () => expect((await facts()).at(-1)?.data).toMatchObject({ step: 14 }), patienceMs)
    expect(await facts()).toEqual(factsWith(15))
  })

  it('saves nothing past a message whose dead letter is not written yet', async () => {
    const kafka = gate()
    const messaging: Messaging = {
      ...memory,
      async send(topic, messages) {
        if (topic === topics.deadLetters) await kafka.opened
        return memory.send(topic, messages)
      },
    }
    await say(message('run.started', started), ...reported(0, 4))
    const server = await begin(ledger, messaging)
    await vi.waitFor(async () => expect(await committed()).toBe('6'), patienceMs)
    await say(message('losses.measured', { ...lossesAt(5), rank: 7 }))
    const saving = vi.spyOn(server.app.get(Desks), 'advance')
    await vi.waitFor(() => expect(saving).toHaveBeenCalledWith(run, { save: true }), patienceMs)
    // A commit that did not wait would be done in this turn of the loop.
    await new Promise((resolve) => setImmediate(resolve))
    expect((await ledger.loadSnapshot(streamOf(run)))?.cursor).toBe('6')
    kafka.open()
    await vi.waitFor(async () => expect(await committed()).toBe('7'), patienceMs)
  })

  it('stops the partition over an error that nobody foresaw, and a restart loses nothing', async () => {
    let commits = 0
    const store: EventStore = {
      ...ledger,
      commit: (commit) =>
        ++commits === 2 ? Promise.reject(new Error('out of cheese')) : ledger.commit(commit),
    }
    await say(message('run.started', started), ...reported(0, 4))
    const first = await begin(store, memory)
    await vi.waitFor(async () => expect(await committed()).toBe('6'), patienceMs)
    await say(...reported(5, 7))
    await vi.waitFor(() => expect(commits).toBe(2), patienceMs)
    await say(...reported(8, 9))
    const health = () => first.app.get(Intake).health()
    await vi.waitFor(() => expect(health()?.state).toBe('paused'), patienceMs)
    expect(health()?.because).toContain('out of cheese')
    expect(await committed()).toBe('6')
    // What the process held is gone with it.
    await first.app.get(Intake).stop()
    await begin(ledger, memory)
    await vi.waitFor(async () => expect((await facts()).at(-1)?.data).toMatchObject({ step: 9 }), patienceMs)
    expect(await facts()).toEqual(factsWith(10))
  })
})
