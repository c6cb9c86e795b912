import {
  foundationsOn,
  readConfig,
  startConfiguredEngines,
  startServer,
  type Config,
  type Server,
} from '@mixdesk/server'
import type { Engines } from '@mixdesk/engines'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { CliError } from '../cli-error.js'
import { serverSettings, type Environment } from '../environment.js'
import { removeServerFile, writeServerFile } from '../server/server-file.js'
import { withoutSecrets } from './engine-addresses.js'
import type { Session } from './session.js'

export type BringUp = {
  readonly environment: Environment
  readonly home?: string | undefined
  readonly port?: string | undefined
  /** Least level to log, in place of the configured one. */
  readonly logLevel?: Config['MIXDESK_LOG_LEVEL']
  readonly progress: (line: string) => void
}
export type Local = {
  readonly config: Config
  readonly home: string
  readonly engines: Engines
  readonly server: Server
  readonly url: string
}

/** Starts engines and server in this process. What is started is handed to the session, which stops it whatever happens. */
export async function bringUp(session: Session, options: BringUp): Promise<Local> {
  const { progress } = options
  const settings = serverSettings(options.environment, options)
  const read = readConfig(settings)
  const config = { ...read, MIXDESK_LOG_LEVEL: options.logLevel ?? read.MIXDESK_LOG_LEVEL }
  const home = resolve(config.MIXDESK_HOME)

  // Before the engines: what is refused is refused at once.
  const port = await portFor(config, (settings['MIXDESK_PORT'] ?? '') !== '', progress)
  const engines = await startConfiguredEngines(config, progress)
  session.shutdown.add(
    'The engines',
    () => engines.stop(),
    () => kill(engines),
  )
  session.check()

  const server = await serve({ ...config, MIXDESK_PORT: port }, engines)
  const url = server.url.replace(/\/+$/, '')
  session.shutdown.add('The server', async () => {
    await removeServerFile(home)
    await server.stop()
  })
  // Without an engine of our own there may be no home folder at all.
  await writeServerFile(home, { url, pid: process.pid }).catch(() => undefined)
  session.check()
  return { config, home, engines, server, url }
}

async function serve(config: Config, engines: Engines): Promise<Server> {
  const foundations = foundationsOn(config, engines)
  try {
    return await startServer(foundations)
  } catch (error) {
    const { store, messaging, analytics } = foundations
    await Promise.allSettled([messaging.stop(), analytics?.stop(), store.stop()])
    throw (error as { code?: unknown }).code === 'EADDRINUSE' ? portTaken(config) : error
  }
}

const portTaken = ({ MIXDESK_PORT: port, MIXDESK_HOST: host }: Config): CliError =>
  new CliError(
    'failed',
    `Port ${port} of ${host} should be free for HTTP, but something else listens there: stop that, or name another port with MIXDESK_PORT.`,
  )

/** The port to listen on: a port that was asked for and nothing else, else the usual one or, where it is taken, any free one. */
async function portFor(config: Config, isGiven: boolean, progress: (line: string) => void): Promise<number> {
  const { MIXDESK_PORT: port, MIXDESK_HOST: host } = config
  if (port === 0 || (await isFree(port, host))) return port
  if (isGiven) throw portTaken(config)
  progress(`Port ${port} is taken by something else, so HTTP gets another free one.`)
  return 0
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((tell) => {
    const probe = createServer()
    // Anything but a taken port is better told by the server itself.
    probe.once('error', (error: NodeJS.ErrnoException) => tell(error.code !== 'EADDRINUSE'))
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => tell(true)))
  })
}

/** At once; both engines recover from it. */
async function kill({ kafka, postgres }: Engines): Promise<void> {
  await Promise.allSettled([kafka?.kill(), postgres?.stop('SIGQUIT')])
}

/** What to tell about where everything is, without secrets. */
export function addressesOf({ config, home, engines, url }: Local): readonly (readonly [string, string])[] {
  const { kafka, postgres, chdb, clickhouseUrl } = engines.endpoints
  return [
    ['HTTP', url],
    ['API docs', config.MIXDESK_ROLES.includes('api') ? `${url}/docs` : 'not in this process (role api)'],
    ['Kafka', kafka.brokers.join(', ')],
    ['PostgreSQL', withoutSecrets(postgres.url)],
    [
      'History',
      chdb === undefined
        ? clickhouseUrl === undefined
          ? 'not in this process'
          : withoutSecrets(clickhouseUrl)
        : `${chdb.path} (chDB, in this process)`,
    ],
    ['Data', home],
  ]
}
