import { streamOf, topics, type LedgerEvent, type MixtureSet } from '@mixdesk/contracts'
import { createPostgresEventStore, type EventStore } from '@mixdesk/event-store'
import supertest from 'supertest'
import { expect } from 'vitest'
import { eventually } from './eventually.js'
import { decisionsAmong, expectedFacts } from './expected.js'
import { askSql, expectObservationsOnce } from './history.js'
import {
  assertCaughtUp,
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

const patienceMs = 90_000
const decoder = new TextDecoder()
const quoted = (run: string) => `'${run}'`

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
  const store = createPostgresEventStore({
    url: stand.engines.endpoints.postgres.url,
    applicationName: 'aftermath',
  })
  await store.start()
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
    const versions = await expectCommands(after, facts)
    for (const { run } of stories) await expectHistory(server, run, log, facts.get(run)!)
    await expectDeadLetters(after, log)
    await expectOffsetsAtTheEnd(stand)
    await eventually(async () => (await store.pendingOutbox(1)).length === 0, 'an empty outbox', patienceMs)
    await expectFeed(stand, facts)
    for (const one of [...others, server]) await expectPeacefulEnd(one)
    await expectOffsetsAtTheEnd(stand)
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

/** Every observation once, with the numbers it had when it first came; every decision; and a replay that finds them again. */
async function expectHistory(
  { url }: StandServer,
  run: string,
  log: Log,
  facts: readonly LedgerEvent[],
): Promise<void> {
  const messages = log.runs.get(run)!
  await expectObservationsOnce(url, run, messages, patienceMs)
  const first = new Map<string, number>()
  for (const message of messages) {
    if (message.name !== 'losses.measured') continue
    const { attempt, step, rank, tokens } = message.data
    const key = `${attempt}/${step}/${rank}`
    if (!first.has(key))
      first.set(
        key,
        tokens.reduce((sum, count) => sum + count, 0),
      )
  }
  const tokens = [...first.values()].reduce((sum, count) => sum + count, 0)
  const number = async (sql: string) => Number((await askSql(url, sql))[0]?.[0])
  expect(
    await number(`SELECT sum(arraySum(tokens)) FROM observations FINAL WHERE run = ${quoted(run)}`),
    `tokens of ${run} in the table`,
  ).toBe(tokens)
  expect(
    await number(`SELECT sum(tokens) FROM all_losses WHERE run = ${quoted(run)}`),
    `tokens of ${run} in the view`,
  ).toBe(tokens)
  const decided = decisionsAmong(facts).length
  await eventually(
    async () =>
      (await number(`SELECT count() FROM mixtures_decided FINAL WHERE run = ${quoted(run)}`)) === decided,
    `the ${decided} decisions of ${run} in the history`,
    patienceMs,
  )
  const replayed = await supertest(url)
    .post(`/v1/runs/${encodeURIComponent(run)}/replay`)
    .send({})
    .buffer(true)
    .parse(asText)
  const result = String(replayed.body).trim().split('\n').at(-1)!
  expect(JSON.parse(result), `replay of ${run}`).toMatchObject({
    result: { identical: true, compared: decided },
  })
}

function asText(response: NodeJS.EventEmitter, done: (error: Error | null, body: string) => void): void {
  let all = ''
  response.on('data', (part: Buffer) => (all += part.toString('utf8')))
  response.on('end', () => done(null, all))
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
  const told = (await readTopic(messaging, topics.ledger)).map((one) => headerOf(one, 'ce_id'))
  const count = [...facts.values()].reduce((sum, { length }) => sum + length, 0)
  expect(new Set(told).size, 'facts on the ledger topic').toBe(count)
}

const groups = [
  ['mixdesk-mixture', topics.trainerEvents],
  ['mixdesk-history', topics.trainerEvents],
  ['mixdesk-history', topics.ledger],
  ['mixdesk-history', topics.deadLetters],
] as const

async function expectOffsetsAtTheEnd({ messaging }: Stand): Promise<void> {
  for (const [group, topic] of groups)
    await eventually(
      async () => {
        const committed = new Map(
          (await messaging.committed(group, topic)).map(({ partition, offset }) => [partition, offset]),
        )
        assertCaughtUp(
          (await messaging.offsets(topic)).map(({ partition, high }) => ({
            partition,
            end: high,
            committed: committed.get(partition) ?? '-1',
          })),
          `${group} on ${topic}`,
        )
        return true
      },
      `${group} at the end of ${topic}`,
      patienceMs,
    )
}

async function expectPeacefulEnd(server: StandServer): Promise<void> {
  await server.stop()
  const { exitCode, signalCode } = server.process
  expect({ exitCode, signalCode }, server.log().slice(-2000)).toEqual({ exitCode: 0, signalCode: null })
}
