import { checkServer, serverRules, type Report } from '@mixdesk/conformance'
import { startEngines, type Engines } from '@mixdesk/engines'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverMutants } from './server-mutants.js'
import { soundServer, startToyServer, type ServerHabits } from './toy-server.js'

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

async function check(habits: ServerHabits, patienceMs: number, overHttp: boolean): Promise<Report> {
  const server = await startToyServer(brokers, habits)
  try {
    return await checkServer({
      prefix: `toy-${process.pid}-${count++}`,
      brokers,
      url: overHttp ? server.url : undefined,
      patienceMs,
    })
  } finally {
    await server.stop()
  }
}
const broken = ({ results }: Report) =>
  results.filter(({ outcome }) => outcome === 'broken').map(({ rule }) => rule)
const told = ({ results }: Report) =>
  results.flatMap(({ findings }) =>
    findings.map(({ rule, where, expected, got }) => `${rule} ${where}: ${expected}; ${got}`),
  )

describe('the conformance kit for servers', () => {
  it('finds nothing wrong with a sound server, and has tried every rule', async () => {
    const report = await check(soundServer, 20_000, true)
    expect(told(report)).toEqual([])
    expect(report.results.filter(({ outcome }) => outcome === 'untried')).toEqual([])
  })

  it.each(serverMutants)('$what breaks $rule', async ({ rule, also = [], habits, http }) => {
    const mutant = { ...soundServer, ...habits, http: { ...soundServer.http, ...http } }
    const report = await check(mutant, 5_000, http !== undefined)
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
