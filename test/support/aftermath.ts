import { streamOf, topics, type LedgerEvent, type MixtureSet } from '@mixdesk/contracts'
import { createPostgresEventStore, type EventStore } from '@mixdesk/event-store'
import { expect } from 'vitest'
import { eventually } from './eventually.js'
import { decisionsAmong, expectedFacts } from './expected.js'
import { expectHistory } from './aftermath-history.js'
import { expectOffsetsAtTheEnd } from './aftermath-offsets.js'
import { askSql } from './history.js'
import {
  assertDecisionsMatch,
  assertFactsMatch,
  assertLogHolds,
  assertNewestLast,
  assertNoDuplicates,
  assertNoGaps,
  assertSamePlaces,
  assertTrainerFollows,
} from './invariants.js'
import { headerOf, keyOf, placeOf, readLog, readTopic, type Log } from './log.js'
import type { Stand, StandServer } from './stand.js'
import type { Story } from './stories.js'

const patienceMs = 180_000
const decoder = new TextDecoder()

export type Aftermath = {
  readonly stand: Stand
  /** The server that has the history. */
  readonly server: StandServer
  readonly others?: readonly StandServer[]
  readonly stories: readonly Story[]
}

/**
 * What must hold after any fault: ledger, commands, history, dead letters and offsets are those of an undisturbed run,
 * and the servers end in peace. Returns what there was, in words.
 */
export async function expectUndisturbed(after: Aftermath): Promise<string> {
  const { stand, server, stories, others = [] } = after
  const store = await openLedger(stand)
  try {
    const log = await readLog(stand.messaging)
    const facts = new Map<string, readonly LedgerEvent[]>()
    for (const { run, events, senders } of stories) {
      const messages = log.runs.get(run) ?? []
      const said = messages.map(({ name, data }) => ({ name, data }))
      for (const sent of senders ?? [events]) assertLogHolds(said, sent, run)
      const expected = expectedFacts(messages)
      if (senders === undefined)
        assertDecisionsMatch(
          decisionsAmong(expected),
          decisionsAmong(expectedFacts(events.map((event, offset) => ({ ...event, offset })))),
        )
      facts.set(run, expected)
    }
    expect([...log.runs.keys()].sort()).toEqual(stories.map(({ run }) => run).sort())
    for (const [run, expected] of facts) await expectLedger(store, run, expected)
    // First the ends, so that nothing asked below is still on its way: what was committed is sent, and what was read is kept.
    await eventually(async () => (await store.pendingOutbox(1)).length === 0, 'an empty outbox', patienceMs)
    await expectFeed(stand, facts)
    await expectOffsetsAtTheEnd(stand, patienceMs)
    const versions = await expectCommands(after, facts)
    for (const { run } of stories)
      await expectHistory(
        server.url,
        { run, messages: log.runs.get(run)!, facts: facts.get(run)! },
        patienceMs,
      )
    await expectDeadLetters(after, log)
    for (const one of [...others, server]) await expectPeacefulEnd(one)
    await expectOffsetsAtTheEnd(stand, patienceMs)
    const messages = [...log.runs.values()].reduce((sum, { length }) => sum + length, 0)
    return `${messages} messages of ${facts.size} runs, ${versions} versions, ${log.poison.size} poisoned`
  } finally {
    await store.stop()
  }
}

async function expectLedger(store: EventStore, run: string, expected: readonly LedgerEvent[]): Promise<void> {
  const stream = await eventually(
    async () => {
      const found = await store.readStream(streamOf(run), { limit: 100_000 })
      if (found.length < expected.length)
        throw new Error(`${found.length} of ${expected.length} facts are there`)
      return found
    },
    `the facts of ${run}`,
    patienceMs,
  )
  assertNoGaps(
    stream.map(({ version }) => version),
    1,
    `Version of the stream of ${run}`,
  )
  assertNoDuplicates(stream, ({ id }) => id, `Fact of ${run}`)
  assertDecisionsMatch(decisionsAmong(stream), decisionsAmong(expected))
  assertFactsMatch(stream, expected)
}

async function expectCommands(
  { stand, stories }: Aftermath,
  facts: ReadonlyMap<string, readonly LedgerEvent[]>,
): Promise<number> {
  let versions = 0
  const wanted = new Map(stories.map(({ run }) => [run, decisionsAmong(facts.get(run)!)]))
  const newest = (commands: readonly MixtureSet[]) => Math.max(0, ...commands.map(({ version }) => version))
  const byRun = await eventually(
    async () => {
      const found = await commandsByRun(stand)
      for (const [run, decided] of wanted)
        if (newest(found.get(run) ?? []) < decided.length)
          throw new Error(`${run} waits for ${decided.length}`)
      return found
    },
    'every version among the commands',
    patienceMs,
  )
  for (const [run, decided] of wanted) {
    const commands = byRun.get(run) ?? []
    let seen = 0
    const taken = commands.filter(({ version }) => version > seen && (seen = version) > 0)
    assertTrainerFollows(taken, decided)
    assertNewestLast(commands)
    versions += decided.length
  }
  return versions
}

async function commandsByRun({ messaging }: Stand): Promise<Map<string, MixtureSet[]>> {
  const byRun = new Map<string, MixtureSet[]>()
  for (const message of await readTopic(messaging, topics.trainerCommands)) {
    const commands = byRun.get(keyOf(message)) ?? []
    byRun.set(keyOf(message), commands)
    commands.push(JSON.parse(decoder.decode(message.value!)) as MixtureSet)
  }
  return byRun
}

async function expectDeadLetters({ stand, server }: Aftermath, log: Log): Promise<void> {
  const letters = await readTopic(stand.messaging, topics.deadLetters)
  assertSamePlaces(
    letters.map((one) => placeOf(headerOf(one, 'mixdesk-partition'), headerOf(one, 'mixdesk-offset'))),
    log.poison,
    'The dead letter of',
  )
  const rows = async () =>
    Number((await askSql(server.url, 'SELECT count() FROM dead_letters FINAL'))[0]?.[0]) === log.poison.size
  await eventually(rows, `${log.poison.size} dead letters in the history`, patienceMs)
}

/** What is told to the history and to onlookers: every fact, at least once. */
async function expectFeed(
  { messaging }: Stand,
  facts: ReadonlyMap<string, readonly LedgerEvent[]>,
): Promise<void> {
  const count = [...facts.values()].reduce((sum, { length }) => sum + length, 0)
  const told = await eventually(
    async () => {
      const ids = new Set((await readTopic(messaging, topics.ledger)).map((one) => headerOf(one, 'ce_id')))
      if (ids.size < count) throw new Error(`${ids.size} are there`)
      return ids
    },
    `${count} facts on the ledger topic`,
    patienceMs,
  )
  expect(told.size, 'facts on the ledger topic').toBe(count)
}

/** How many facts the ledger holds. */
export async function factsWritten(stand: Stand): Promise<number> {
  const store = await openLedger(stand)
  try {
    const { length } = await eventually(
      () => store.readAll({ afterPosition: '0', limit: 1_000_000 }),
      'the facts of the ledger',
    )
    return length
  } finally {
    await store.stop()
  }
}

const openLedger = (stand: Stand): Promise<EventStore> =>
  eventually(async () => {
    const store = createPostgresEventStore({
      url: stand.engines.endpoints.postgres.url,
      applicationName: 'aftermath',
      poolSize: 2,
    })
    try {
      await store.start()
      return store
    } catch (error) {
      await store.stop()
      throw error
    }
  }, 'an answer of the ledger')

async function expectPeacefulEnd(server: StandServer): Promise<void> {
  await server.stop()
  const { exitCode, signalCode } = server.process
  expect({ exitCode, signalCode }, server.log().slice(-2000)).toEqual({ exitCode: 0, signalCode: null })
}
