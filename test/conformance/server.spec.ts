import { checkServer, serverRules, type Report } from '@mixdesk/conformance'
import { topics } from '@mixdesk/contracts'
import { createKafkaMessaging, createMemoryMessaging, MemoryBroker } from '@mixdesk/messaging'
import { describe, expect, it } from 'vitest'
import { useBroker } from './broker.js'
import { serverMutants } from './server-mutants.js'
import { soundServer, startToyServer, type ServerHabits } from './toy-server.js'
import { broken, patienceMs, told, untried } from './verdict.js'

const brokers = useBroker()

async function checkOverKafka(
  habits: ServerHabits,
  options: { readonly prefix: string; readonly patienceMs: number; readonly http: boolean },
): Promise<Report> {
  const server = await startToyServer(createKafkaMessaging({ brokers: brokers(), clientId: 'toy' }), habits)
  const { prefix, http, patienceMs } = options
  try {
    return await checkServer({ prefix, brokers: brokers(), url: http ? server.url : undefined, patienceMs })
  } finally {
    await server.stop()
  }
}

/** In memory it is known when a server has nothing more to say, so nobody waits for what does not come. */
async function checkInMemory(habits: ServerHabits, prefix: string, overHttp: boolean): Promise<Report> {
  const broker = new MemoryBroker()
  const server = await startToyServer(createMemoryMessaging({ broker }), habits)
  let isOver = false
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
  const settled = async () => {
    const { partitions } = broker.topic(topics.trainerEvents)
    do await nextTurn()
    while (!isOver && partitions.some((log, partition) => log.length > server.doneUpTo(partition)))
    // The kit reads what was sent in the turn after it.
    await nextTurn()
  }
  try {
    return await checkServer({
      prefix,
      connect: () => createMemoryMessaging({ broker }),
      url: overHttp ? server.url : undefined,
      patienceMs,
      settled,
    })
  } finally {
    isOver = true
    await server.stop()
  }
}

// The names of runs say in which partitions they lie: the same in every run of the tests.
const prefixes = new Map(serverMutants.map((mutant, i) => [mutant, `toy-${i}`]))

describe('the conformance kit for servers', () => {
  it('finds nothing wrong with a sound server, and has tried every rule', async () => {
    const report = await checkOverKafka(soundServer, { prefix: 'sound', patienceMs, http: true })
    expect(told(report)).toEqual([])
    expect(untried(report)).toEqual([])
  })

  it('finds nothing wrong with a sound server in memory, and has tried every rule', async () => {
    const report = await checkInMemory(soundServer, 'sound', true)
    expect(told(report)).toEqual([])
    expect(untried(report)).toEqual([])
  })

  it('waits as long as its patience for a server that does not answer', async () => {
    const report = await checkOverKafka(
      { ...soundServer, shape: () => undefined },
      { prefix: 'silent', patienceMs: 2_000, http: false },
    )
    expect(told(report)).toEqual([
      'start.mixture run silent-clean: version 1 from step 0 on within 2000 ms; no command',
    ])
  })

  it.concurrent.each(serverMutants)('$what breaks $rule', async (mutant) => {
    const { rule, also = [], habits, http } = mutant
    const bent = { ...soundServer, ...habits, http: { ...soundServer.http, ...http } }
    const report = await checkInMemory(bent, prefixes.get(mutant)!, http !== undefined)
    const rules = broken(report)
    expect(rules, told(report).join('\n')).toContain(rule)
    expect(
      rules.filter((one) => one !== rule && !also.includes(one)),
      told(report).join('\n'),
    ).toEqual([])
    expect(report.ok).toBe(rules.every((one) => serverRules.find(({ id }) => id === one)!.level === 'should'))
  })

  it('has a mutant for every rule', () => {
    const killed = new Set(serverMutants.map(({ rule }) => rule))
    expect(serverRules.map(({ id }) => id).filter((id) => !killed.has(id))).toEqual([])
  })
})
