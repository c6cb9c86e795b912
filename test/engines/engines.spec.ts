import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type Engines, type EnginesOptions, startEngines } from '@mixdesk/engines'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { kill, newFolder, occupy, processesOf, startInChild, until, wipe } from './support.js'

let home: string
let started: Engines[] = []

beforeEach(async () => {
  home = await newFolder()
})
afterEach(async () => {
  await Promise.allSettled(started.map((engines) => engines.stop()))
  started = []
  await wipe(home)
}, 240_000)

async function start(options: Partial<EnginesOptions> = {}): Promise<Engines> {
  const engines = await startEngines({ home, ...options })
  started.push(engines)
  return engines
}

async function sql(engines: Engines, text: string): Promise<unknown[]> {
  const client = new pg.Client(engines.endpoints.postgres.url)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows as unknown[]
  } finally {
    await client.end()
  }
}

async function topics(engines: Engines, create?: string): Promise<string[]> {
  const { brokers } = engines.endpoints.kafka
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 30_000 }).admin()
  await admin.connect()
  try {
    const topics = create === undefined ? [] : [{ topic: create, numPartitions: 2 }]
    // Its waiting for leaders ends after some seconds; here nobody sends anything.
    if (topics.length > 0) await admin.createTopics({ topics, waitForLeaders: false, timeout: 60_000 })
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

async function remember(engines: Engines): Promise<void> {
  await sql(engines, 'create table kept (n int)')
  await sql(engines, 'insert into kept values (42)')
  await topics(engines, 'kept')
}

async function expectRemembered(engines: Engines): Promise<void> {
  expect(await sql(engines, 'select n from kept')).toEqual([{ n: 42 }])
  expect(await topics(engines)).toContain('kept')
}

const portOf = (engines: Engines): number => Number(new URL(engines.endpoints.postgres.url).port)

describe('the engines of a home folder', { timeout: 420_000 }, () => {
  it('start on nothing, stop without a trace, and keep everything for the second start', async () => {
    const lines: string[] = []
    const first = await start({ onProgress: (line) => lines.push(line) })
    await remember(first)
    expect(first.endpoints.chdb?.path).toBe(join(home, 'chdb'))
    expect(lines.filter((line) => line.includes('ready on 127.0.0.1:'))).toHaveLength(2)
    expect((await stat(join(home, 'endpoints.json'))).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(join(home, 'endpoints.json'), 'utf8'))).toEqual(first.endpoints)

    await Promise.all([first.stop(), first.stop()])
    expect(processesOf(home)).toEqual([])

    const second = await start()
    await expectRemembered(second)
    expect(second.endpoints.postgres.url).toBe(first.endpoints.postgres.url)
    expect(second.endpoints.kafka.brokers).toEqual(first.endpoints.kafka.brokers)
  })

  it('outlive a killed starter and are attached to; killed together with it, they recover', async () => {
    const orphaned = await startInChild(home)
    kill(orphaned.child.pid ?? 0)
    await until('the starter is gone', () => orphaned.child.signalCode !== null)

    const lines: string[] = []
    const attached = await start({ onProgress: (line) => lines.push(line) })
    expect({ kafka: attached.kafka?.pid(), postgres: attached.postgres?.pid() }).toEqual(orphaned.pids)
    expect(lines.filter((line) => line.includes('attached'))).toHaveLength(2)
    await remember(attached)
    await attached.stop()
    expect(processesOf(home)).toEqual([])

    const doomed = await startInChild(home)
    for (const pid of [doomed.child.pid ?? 0, ...Object.values(doomed.pids)]) kill(pid)
    // A busy system takes a while to take it apart, and its home is locked until then.
    await until('the starter is gone', () => doomed.child.signalCode !== null)
    const recovered = await start()
    await expectRemembered(recovered)
    expect(recovered.kafka?.pid()).not.toBe(doomed.pids['kafka'])
  })

  it('can be killed and started one by one, at the same address', async () => {
    const engines = await start()
    await remember(engines)
    await Promise.all([engines.kafka?.kill(), engines.postgres?.kill()])
    expect([engines.kafka?.pid(), engines.postgres?.pid()]).toEqual([undefined, undefined])
    const { server } = await occupy(portOf(engines)) // free at once
    await new Promise((resolve) => server.close(resolve))

    await Promise.all([engines.kafka?.start(), engines.postgres?.start()])
    await expectRemembered(engines)
  })
})

describe('PostgreSQL', { timeout: 240_000 }, () => {
  it('takes another port when its own has been taken, and keeps its data', async () => {
    const first = await start({ need: ['postgres'] })
    await sql(first, 'create table kept (n int)')
    const port = portOf(first)
    await first.stop()
    const { server } = await occupy(port)
    try {
      const second = await start({ need: ['postgres'] })
      expect(portOf(second)).not.toBe(port)
      expect(await sql(second, 'select n from kept')).toEqual([])
    } finally {
      server.close()
    }
  })

  it('is well after a kill -9 whose pid went to a stranger', async () => {
    const first = await start({ need: ['postgres'] })
    await first.postgres?.kill()
    await first.stop()
    const file = join(home, 'postgres', 'data', 'postmaster.pid')
    const stale = (await readFile(file, 'utf8')).split('\n')
    await writeFile(file, [String(process.ppid), ...stale.slice(1)].join('\n'))
    const second = await start({ need: ['postgres'] })
    expect(await sql(second, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('engines that run elsewhere', () => {
  it('are named, not started, and leave the home folder alone', async () => {
    const configured = {
      kafkaBrokers: ['k:9092'],
      postgresUrl: 'postgres://p/x',
      clickhouseUrl: 'http://c:8123',
    }
    const engines = await start({ configured })
    expect(engines.endpoints).toEqual({
      kafka: { brokers: ['k:9092'], embedded: false },
      postgres: { url: 'postgres://p/x', embedded: false },
      chdb: undefined,
      clickhouseUrl: 'http://c:8123',
    })
    const other = await start({ configured })
    expect(other.kafka).toBeUndefined()
  })
})
