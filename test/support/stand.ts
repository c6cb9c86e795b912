import { startEngines, type Engines } from '@mixdesk/engines'
import type { Messaging } from '@mixdesk/messaging'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openKafka } from './trainer.js'

/** A server of the stand: a process with an address. */
export type StandServer = {
  readonly url: string
  readonly process: ChildProcess
  /** Drains and ends. */
  stop(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** What it has logged, for a failing test. */
  log(): string
}

/** Real Kafka and PostgreSQL for one test file, and as many servers as it starts. */
export type Stand = {
  readonly home: string
  readonly engines: Engines
  readonly brokers: readonly string[]
  readonly messaging: Messaging
  startServer(options?: ServerOptions): Promise<StandServer>
  stop(): Promise<void>
}

export type ServerOptions = {
  readonly environment?: { readonly [key: string]: string }
  readonly sagas?: boolean
  /** Folder of its chDB; servers that write history must not share one. */
  readonly home?: string
}

const script = fileURLToPath(new URL('server-process.mjs', import.meta.url))

export async function startStand(): Promise<Stand> {
  const home = await mkdtemp(join(tmpdir(), 'mixdesk-stand-'))
  const engines = await startEngines({ home: join(home, 'engines'), need: ['kafka', 'postgres'] })
  const brokers = engines.endpoints.kafka.brokers
  const messaging = openKafka(brokers, 'stand')
  await messaging.start()
  const servers = new Set<StandServer>()

  async function startServer(options: ServerOptions = {}): Promise<StandServer> {
    const child = spawn(process.execPath, [script, ...(options.sagas === false ? ['without-sagas'] : [])], {
      env: {
        PATH: process.env['PATH'],
        UV_THREADPOOL_SIZE: '16',
        MIXDESK_HOME: options.home ?? join(home, 'server'),
        MIXDESK_PORT: '0',
        MIXDESK_KAFKA_BROKERS: brokers.join(','),
        MIXDESK_POSTGRES_URL: engines.endpoints.postgres.url,
        // Short, so that a killed member's partitions move on soon.
        MIXDESK_KAFKA_SESSION_TIMEOUT_MS: '6000',
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const lines: string[] = []
    const exited = once(child, 'exit').then(() => undefined)
    const address = new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line)
          if (line.startsWith('{"url":')) resolve((JSON.parse(line) as { url: string }).url)
        })
      void exited.then(() => reject(new Error(`The server ended before it was up:\n${lines.join('\n')}`)))
    })
    const url = await address
    const end = async (signal: NodeJS.Signals) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
      servers.delete(server)
    }
    const server: StandServer = {
      url,
      process: child,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
      log: () => lines.join('\n'),
    }
    servers.add(server)
    return server
  }

  return {
    home,
    engines,
    brokers,
    messaging,
    startServer,
    async stop() {
      await Promise.all([...servers].map((server) => server.kill()))
      await messaging.stop()
      // Its data is thrown away with the folder, so nobody waits for it to put its logs in order.
      await engines.kafka?.kill()
      await engines.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}
