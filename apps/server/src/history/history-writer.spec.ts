import { createMemoryAnalytics, type Analytics } from '@mixdesk/analytics'
import { cloudEventHeaders, topics, typeOf, type TrainerEvent } from '@mixdesk/contracts'
import { createMemoryEventStore } from '@mixdesk/event-store'
import { createMemoryMessaging, MemoryBroker, type Messaging } from '@mixdesk/messaging'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { readConfig } from '../config.js'
import { startServer, type Server } from '../start-server.js'

vi.setConfig({ testTimeout: 180_000 })

const partitions = 4
const runs = Array.from({ length: 16 }, (_, i) => `run-${i}`)
const start = (run: string): TrainerEvent => ({
  name: 'run.started',
  data: { run, project: 'p', attempt: 1, domains: [{ name: 'web' }], policy: { name: 'uniform' }, ranks: 1 },
})
const losses = (run: string, step: number, attempt = 1): TrainerEvent => ({
  name: 'losses.measured',
  data: { run, attempt, step, rank: 0, tokens: [10], lossSum: [30] },
})

let broker: MemoryBroker
let analytics: Analytics
let sending: Messaging
const servers: Server[] = []

beforeEach(async () => {
  broker = new MemoryBroker()
  analytics = createMemoryAnalytics()
  await analytics.start()
  sending = createMemoryMessaging({ broker })
  await sending.start()
  await sending.ensureTopics([{ topic: topics.trainerEvents, partitions, compacted: false }])
})
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())))

async function writer(): Promise<Server> {
  const config = readConfig({
    MIXDESK_ROLES: 'history',
    MIXDESK_PORT: '0',
    MIXDESK_LOG_LEVEL: 'error',
    MIXDESK_HISTORY_FLUSH_MS: '1',
  })
  const messaging = createMemoryMessaging({ broker })
  await messaging.start()
  const server = await startServer({
    config,
    store: createMemoryEventStore(),
    messaging,
    // A server that stops leaves its history, which is the other's, too.
    analytics: { ...analytics, start: () => Promise.resolve(), stop: () => Promise.resolve() },
  })
  servers.push(server)
  return server
}

async function say(...events: readonly TrainerEvent[]): Promise<void> {
  for (const { name, data } of events)
    await sending.send(topics.trainerEvents, [
      {
        key: data.run,
        headers: cloudEventHeaders({ id: `${name}-${data.run}`, type: typeOf(name), source: 'spec' }),
        value: JSON.stringify(data),
      },
    ])
}

/** What the history holds of a run, in log order. */
async function recorded(run: string): Promise<string[]> {
  const found: string[] = []
  for await (const page of analytics.readLog(run))
    for (const { kind, row } of page)
      found.push(kind === 'event' ? row.name : `losses ${row.attempt}/${row.step}`)
  return found
}
const recordsOfAll = async (expected: readonly string[]) => {
  await vi.waitFor(
    async () => {
      for (const run of runs) expect(await recorded(run)).toEqual(expected)
    },
    { timeout: 60_000, interval: 20 },
  )
}

it('a run that another server wrote for a while loses nothing when it comes back, whatever it has become', async () => {
  await writer()
  await say(...runs.map(start), ...runs.map((run) => losses(run, 0)))
  await recordsOfAll(['run.started', 'losses 1/0'])

  const other = await writer()
  await say(
    ...runs.map((run): TrainerEvent => ({ name: 'run.resumed', data: { run, attempt: 2, step: 0 } })),
    ...runs.map((run) => losses(run, 1, 2)),
  )
  await recordsOfAll(['run.started', 'losses 1/0', 'run.resumed', 'losses 2/1'])
  servers.splice(servers.indexOf(other), 1)
  await other.stop()

  await say(...runs.map((run) => losses(run, 2, 2)))
  await recordsOfAll(['run.started', 'losses 1/0', 'run.resumed', 'losses 2/1', 'losses 2/2'])
})

it('keeps nothing of a step out of all reach, as the desk that makes a dead letter of it', async () => {
  await writer()
  await say(
    start('r'),
    losses('r', 5_000_000), // the first may be any
    losses('r', 5_000_001),
    losses('r', 9_000_000),
    losses('r', 6_000_001),
    { name: 'run.finished', data: { run: 'r', attempt: 1, step: 6_000_001, status: 'completed' } },
    losses('r', 9_000_000), // kept in the history, as whatever comes after the end
  )
  await vi.waitFor(
    async () =>
      expect(await recorded('r')).toEqual([
        'run.started',
        'losses 1/5000000',
        'losses 1/5000001',
        'losses 1/6000001',
        'run.finished',
        'losses 1/9000000',
      ]),
    { timeout: 60_000, interval: 20 },
  )
})
