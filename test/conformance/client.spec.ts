import { checkClient, clientRules, type Report } from '@mixdesk/conformance'
import { cloudEventHeaders, topics, typeOf } from '@mixdesk/contracts'
import { createKafkaMessaging } from '@mixdesk/messaging'
import { describe, expect, it } from 'vitest'
import { useBroker } from './broker.js'
import { mutants } from './client-mutants.js'
import { createProgress, sound, train, type Habits } from './foreign-client.js'
import { broken, patienceMs, told, untried } from './verdict.js'

const brokers = useBroker()

async function check(run: string, habits: Partial<Habits>): Promise<Report> {
  const stopping = new AbortController()
  const progress = createProgress()
  const trained: Promise<number>[] = []
  const report = await checkClient({
    run,
    over: { brokers: brokers() },
    patienceMs,
    settled: progress.settled,
    start: () => {
      const ended = train(brokers(), run, { ...sound, ...habits }, stopping.signal, progress)
      trained.push(ended)
      return { ended, kill: () => stopping.abort() }
    },
  })
  await Promise.all(trained)
  return report
}
// The names of runs say in which partitions they lie: the same in every run of the tests.
const runs = new Map(mutants.map((mutant, i) => [mutant, `foreign-${i}`]))

describe('the conformance kit for clients', () => {
  it('finds nothing wrong with a sound client, and has tried every rule of Kafka', async () => {
    const report = await check('sound', {})
    expect(told(report)).toEqual([])
    expect(report.ok).toBe(true)
    expect(untried(report).filter((rule) => !rule.startsWith('http.'))).toEqual(['refuse.usable'])
  })

  it('finds nothing wrong with one that has gone back to a checkpoint', async () => {
    const report = await check('resumed', { attempt: 2 })
    expect(told(report)).toEqual([])
    expect(report.ok).toBe(true)
  })

  it('gives no verdict where somebody else answers the same run', async () => {
    const run = 'rival'
    const messaging = createKafkaMessaging({ brokers: brokers(), clientId: 'rival' })
    await messaging.start()
    const headers = cloudEventHeaders({ id: 'x', type: typeOf('mixture.set'), source: 'somebody' })
    await messaging.send(topics.trainerCommands, [{ key: run, headers, value: '{}' }])
    await messaging.stop()
    await expect(checkClient({ run, over: { brokers: brokers() }, patienceMs })).rejects.toThrow(
      /Somebody else answers the run .* choose a run name that was never used/,
    )
  })

  // Most of the time they wait for Kafka, and each has a run of its own.
  it.concurrent.each(mutants)('$what breaks $rule', async (mutant) => {
    const { rule, also = [], habits } = mutant
    const report = await check(runs.get(mutant)!, habits)
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
