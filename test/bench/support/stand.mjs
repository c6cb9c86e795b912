// Real Kafka and PostgreSQL in a folder of their own, and the real server as a process: what a user would run, from the build.
import { startEngines } from '@mixdesk/engines'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { cpuSecondsOf, cpuSecondsOfFamily, peakMemoryOf, residentMemoryOf } from './machine.mjs'

const script = fileURLToPath(new URL('../../support/server-process.mjs', import.meta.url))

export async function startStand() {
  const home = await mkdtemp(join(tmpdir(), 'mixdesk-bench-'))
  const engines = await startEngines({ home: join(home, 'engines'), need: ['kafka', 'postgres'] })
  const postgresUrl = engines.endpoints.postgres.url
  const servers = new Set()
  let count = 0

  /** Settings are the defaults but for addresses; `profile` is a folder that gets a CPU profile when the server stops. */
  async function startServer({ environment = {}, profile } = {}) {
    const profiling =
      profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profile}`]
    const child = spawn(process.execPath, [...profiling, script], {
      env: {
        PATH: process.env.PATH,
        UV_THREADPOOL_SIZE: '16',
        MIXDESK_HOME: join(home, `server-${count++}`),
        MIXDESK_PORT: '0',
        MIXDESK_KAFKA_BROKERS: engines.endpoints.kafka.brokers.join(','),
        MIXDESK_POSTGRES_URL: postgresUrl,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const lines = []
    const exited = once(child, 'exit')
    const url = await new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line)
          if (line.startsWith('{"url":')) resolve(JSON.parse(line).url)
        })
      void exited.then(() => reject(new Error(`The server ended before it was up:\n${lines.join('\n')}`)))
    })
    const server = {
      url,
      pid: child.pid,
      log: () => lines.join('\n'),
      cpuSeconds: () => cpuSecondsOf(child.pid),
      memory: () => residentMemoryOf(child.pid),
      peakMemory: () => peakMemoryOf(child.pid),
      signal: (signal) => child.kill(signal),
      /** One number of the server's own metrics; 0 while there is none. */
      async counted(name) {
        const text = await (await fetch(`${url}/metrics`)).text()
        const line = text.split('\n').find((one) => one.startsWith(`${name} `))
        return line === undefined ? 0 : Number(line.slice(name.length + 1))
      },
      async sql(text) {
        const response = await fetch(`${url}/v1/sql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ sql: text }),
        })
        if (!response.ok) throw new Error(`${text}: ${await response.text()}`)
        return (await response.json()).rows
      },
      async stop() {
        servers.delete(server)
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
        await exited
      },
    }
    servers.add(server)
    return server
  }

  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 })
  pool.on('error', () => undefined)
  return {
    home,
    brokers: [...engines.endpoints.kafka.brokers],
    postgresUrl,
    startServer,
    /** CPU that the engines beside the server have taken so far. */
    cpuSeconds: () => ({
      broker: cpuSecondsOfFamily(engines.kafka.pid()),
      ledger: cpuSecondsOfFamily(engines.postgres.pid()),
    }),
    query: async (text, values) => (await pool.query(text, values)).rows,
    async stop() {
      await Promise.allSettled([...servers].map((server) => server.stop()))
      await pool.end()
      await engines.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}
