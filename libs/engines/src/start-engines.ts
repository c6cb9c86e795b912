import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { type EmbeddedEngine, startEngine } from './engine.js'
import type { Endpoints, EngineName, Engines, EnginesOptions } from './engines.types.js'
import { rememberedPorts, writeEndpoints } from './home/endpoints-file.js'
import { explain, type Home, openHome } from './home/home.js'
import { kafkaBroker } from './kafka/broker.js'
import { loopback } from './ports.js'
import { postgresServer, postgresUrl } from './postgres/server.js'

/** Starts, at once, every engine that is needed and not configured to run elsewhere. All of them, or none. */
export async function startEngines(options: EnginesOptions): Promise<Engines> {
  const { configured = {}, need = ['kafka', 'postgres', 'chdb'] } = options
  const elsewhere: Record<EngineName, boolean> = {
    kafka: (configured.kafkaBrokers?.length ?? 0) > 0,
    postgres: configured.postgresUrl !== undefined,
    chdb: configured.clickhouseUrl !== undefined,
  }
  const embed = new Set(need.filter((name) => !elsewhere[name]))
  const endpoints: Endpoints = {
    kafka: { brokers: configured.kafkaBrokers ?? [], embedded: false },
    postgres: { url: configured.postgresUrl ?? '', embedded: false },
    chdb: undefined,
    ...(configured.clickhouseUrl === undefined ? {} : { clickhouseUrl: configured.clickhouseUrl }),
  }
  // Without anything of our own there is no home to open, so any number of processes may use one set of engines.
  if (embed.size === 0) return { endpoints, stop: async () => undefined }

  const home = await openHome(options.home)
  try {
    return await startIn(home, embed, endpoints, options)
  } catch (error) {
    await home.release()
    throw explain(error, home.path)
  }
}

async function startIn(
  home: Home,
  embed: ReadonlySet<EngineName>,
  endpoints: Endpoints,
  { ports = {}, onProgress: progress = () => undefined }: EnginesOptions,
): Promise<Engines> {
  const remembered = await rememberedPorts(home.path)
  const begin = async (name: 'kafka' | 'postgres'): Promise<EmbeddedEngine | undefined> => {
    if (!embed.has(name)) return undefined
    const kind = name === 'kafka' ? kafkaBroker(home.path, progress) : postgresServer(home.path)
    return startEngine(kind, { fixed: ports[name], remembered: remembered[name] }, progress)
  }
  const results = await Promise.allSettled([begin('kafka'), begin('postgres')])
  const [kafka, postgres] = results.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  )
  const stopBoth = async (): Promise<void> => {
    await Promise.all([kafka?.stop(), postgres?.stop()])
  }
  try {
    for (const result of results) if (result.status === 'rejected') throw result.reason

    if (kafka) endpoints.kafka = { brokers: [`${loopback}:${kafka.port}`], ...withPid(kafka), embedded: true }
    if (postgres) {
      const url = await postgresUrl(home.path, postgres.port)
      endpoints.postgres = { url, ...withPid(postgres), embedded: true }
    }
    if (embed.has('chdb')) {
      endpoints.chdb = { path: join(home.path, 'chdb') }
      await mkdir(endpoints.chdb.path, { recursive: true, mode: 0o700 })
    }
    await writeEndpoints(home.path, endpoints)
  } catch (error) {
    await stopBoth()
    throw error
  }

  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= stopBoth().finally(home.release))
  return { endpoints, stop, ...(kafka ? { kafka } : {}), ...(postgres ? { postgres } : {}) }
}

function withPid(engine: EmbeddedEngine): { pid?: number } {
  const pid = engine.pid()
  return pid === undefined ? {} : { pid }
}
