import { cloudEventHeaders, streamOf, topics, typeOf, type LossesMeasured } from '@mixdesk/contracts'
import { createMemoryEventStore, type EventStore } from '@mixdesk/event-store'
import { createMemoryMessaging, type Messaging, type OutgoingMessage } from '@mixdesk/messaging'
import { createRefold } from '@mixdesk/mixture'
import { describe, expect, it, vi } from 'vitest'
import { readConfig } from '../config.js'
import { startServer } from '../start-server.js'

const run = 'overtaken'
const message = (name: string, data: object): OutgoingMessage => ({
  key: run,
  headers: cloudEventHeaders({ id: 'x', type: typeOf(name), source: 'spec' }),
  value: JSON.stringify(data),
})
const started = {
  run,
  project: 'p',
  attempt: 1,
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

function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

describe('the intake', () => {
  it('skips nothing when a desk is overtaken while a dead letter is on its way', async () => {
    const committing = gate()
    const farther = gate()
    const conflicted = gate()
    let letters = 0
    const memory = createMemoryMessaging()
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
    const ledger = createMemoryEventStore()
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
    const config = readConfig({
      MIXDESK_ROLES: 'mixture,relay',
      MIXDESK_PORT: '0',
      MIXDESK_LOG_LEVEL: 'error',
    })
    await memory.start()
    await memory.ensureTopics([{ topic: topics.trainerEvents, partitions: 1, compacted: false }])
    await memory.send(topics.trainerEvents, [
      message('run.started', started),
      ...losses(0, 4).map((data) => message('losses.measured', data)),
      dead,
      ...losses(5, 9).map((data) => message('losses.measured', data)),
      dead,
      ...losses(10, 14).map((data) => message('losses.measured', data)),
    ])
    const refold = createRefold(run)
    const expected = [
      { name: 'run.started' as const, data: started },
      ...losses(0, 14).map((data) => ({ name: 'losses.measured' as const, data })),
    ]
      .flatMap((event, offset) => refold.take({ ...event, offset }))
      .flatMap(({ events }) => events)

    const server = await startServer({ config, store, messaging, analytics: undefined })
    try {
      const facts = await vi.waitFor(
        async () => {
          const found = await ledger.readStream(streamOf(run))
          const [last] = found.slice(-1)
          expect(last?.data).toMatchObject({ step: 14 })
          return found
        },
        { timeout: 10_000 },
      )
      expect(facts.map(({ type, data }) => ({ type, data }))).toEqual(expected)
    } finally {
      await server.stop()
    }
  })
})
