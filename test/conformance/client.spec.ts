import { checkClient, clientRules, type Report } from '@mixdesk/conformance'
import { cloudEventHeaders, topics, typeOf } from '@mixdesk/contracts'
import { startEngines, type Engines } from '@mixdesk/engines'
import { createKafkaMessaging } from '@mixdesk/messaging'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sound, train, type Habits } from './foreign-client.js'
import { mutants } from './client-mutants.js'

let home: string
let engines: Engines
let brokers: readonly string[]
let count = 0

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mixdesk-conformance-'))
  engines = await startEngines({ home, need: ['kafka'] })
  brokers = engines.endpoints.kafka.brokers
})
afterAll(async () => {
  await engines?.stop()
  await rm(home, { recursive: true, force: true })
})

async function check(habits: Partial<Habits>, patienceMs: number): Promise<Report> {
  const run = `foreign-${process.pid}-${count++}`
  const stopping = new AbortController()
  const trained: Promise<number>[] = []
  const report = await checkClient({
    run,
    over: { brokers },
    patienceMs,
    start: () => {
      const ended = train(brokers, run, { ...sound, ...habits }, stopping.signal)
      trained.push(ended)
      return { ended, kill: () => stopping.abort() }
    },
  })
  await Promise.all(trained)
  return report
}
const broken = (report: Report) =>
  report.results.filter(({ outcome }) => outcome === 'broken').map(({ rule }) => rule)
const told = (report: Report) =>
  report.results.flatMap(({ findings }) =>
    findings.map(({ rule, where, expected, got }) => `${rule} ${where}: ${expected}; ${got}`),
  )

describe('the conformance kit for clients', () => {
  it('finds nothing wrong with a sound client, and has tried every rule of Kafka', async () => {
    const report = await check({}, 30_000)
    expect(told(report)).toEqual([])
    expect(report.ok).toBe(true)
    const untried = report.results.filter(({ outcome }) => outcome === 'untried').map(({ rule }) => rule)
    expect(untried.filter((rule) => !rule.startsWith('http.'))).toEqual(['refuse.usable'])
  })

  it('finds nothing wrong with one that has gone back to a checkpoint', async () => {
    const report = await check({ attempt: 2 }, 30_000)
    expect(told(report)).toEqual([])
    expect(report.ok).toBe(true)
  })

  it('gives no verdict where somebody else answers the same run', async () => {
    const run = `rival-${process.pid}`
    const messaging = createKafkaMessaging({ brokers, clientId: 'rival' })
    await messaging.start()
    const headers = cloudEventHeaders({ id: 'x', type: typeOf('mixture.set'), source: 'somebody' })
    await messaging.send(topics.trainerCommands, [{ key: run, headers, value: '{}' }])
    await messaging.stop()
    await expect(checkClient({ run, over: { brokers }, patienceMs: 4_000 })).rejects.toThrow(
      /Somebody else answers the run .* choose a run name that was never used/,
    )
  })

  // Most of the time they wait for what does not come, and each has a run of its own.
  it.concurrent.each(mutants)('$what breaks $rule', async ({ rule, also = [], habits }) => {
    const report = await check(habits, 4_000)
    expect(broken(report), told(report).join('\n')).toContain(rule)
    expect(
      broken(report).filter((one) => one !== rule && !also.includes(one)),
      told(report).join('\n'),
    ).toEqual([])
    const level = clientRules.find(({ id }) => id === rule)!.level
    if (also.length === 0) expect(report.ok).toBe(level === 'should')
  })

  it('has a mutant for every rule of Kafka', () => {
    const killed = new Set(mutants.map(({ rule }) => rule))
    const left = clientRules.map(({ id }) => id).filter((id) => !killed.has(id) && !id.startsWith('http.'))
    expect(left).toEqual([])
  })
})
