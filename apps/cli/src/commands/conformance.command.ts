import { checkClient, checkServer, reportText, type ClientProcess, type Report } from '@mixdesk/conformance'
import { startEngines } from '@mixdesk/engines'
import { Command } from 'commander'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../cli-error.js'
import { contextOf, type Context } from '../command.js'
import { environment, homeOf, urlKey } from '../environment.js'
import { engineAddresses } from '../local/engine-addresses.js'
import { aborted, Interrupted, runSession, type Session } from '../local/session.js'
import type { Terminal } from '../terminal/terminal.js'

const brokersKey = 'MIXDESK_KAFKA_BROKERS'

export const conformanceCommand = (): Command =>
  new Command('conformance')
    .description(
      'check a client or a server that somebody else wrote against the rules of docs/integrate.md; status 1 when a must-rule is broken',
    )
    .addCommand(serverCommand())
    .addCommand(clientCommand())

type ServerOptions = {
  readonly brokers?: string
  readonly kafka: boolean
  readonly http: boolean
  readonly policy: string
  readonly patience: string
}

const serverCommand = (): Command =>
  new Command('server')
    .description(
      'play trainers to a running server, over Kafka and HTTP; its runs stay in the history of the server',
    )
    .option(
      '--brokers <list>',
      `Kafka brokers of the server (default: ${brokersKey}, then those of the home folder)`,
    )
    .option('--no-kafka', 'HTTP only')
    .option('--no-http', 'Kafka only')
    .option('--policy <name>', 'a policy of the server that moves with every decision', 'odm')
    .option('--patience <seconds>', 'how long to wait for an answer', '20')
    .action(async function (this: Command) {
      const context = contextOf<ServerOptions>(this)
      const { terminal, options } = context
      const brokers = options.kafka ? brokersOfServer(context) : undefined
      if (options.kafka && brokers === undefined)
        throw new CliError(
          'usage',
          `No brokers are known: give --brokers, set ${brokersKey}, or say --no-kafka.`,
        )
      const report = await checkServer({
        prefix: `conformance-${randomBytes(4).toString('hex')}`,
        brokers,
        url: options.http ? context.http().url : undefined,
        policy: options.policy,
        patienceMs: secondsOf('--patience', options.patience) * 1000,
        onProgress: (line) => terminal.note(`… ${line}`),
      })
      tell(context, report)
      if (!report.ok) process.exitCode = 1
    })

type ClientOptions = {
  readonly run: string
  readonly brokers?: string
  readonly http?: string | true
  readonly patience: string
}

const clientCommand = (): Command =>
  new Command('client')
    .description(
      'play the server to a client: COMMAND is started with MIXDESK_RUN and MIXDESK_KAFKA_BROKERS (or MIXDESK_URL) and trains until it is told to stop; without it, start one by hand',
    )
    .argument('[command...]', 'the client and its arguments, after --')
    .requiredOption(
      '--run <name>',
      'the run that the client will report; a name that was never used on these brokers',
    )
    .option(
      '--brokers <list>',
      'Kafka brokers on which no server is at work (default: a broker of its own, which ends with the command)',
    )
    .option('--http [port]', 'play an HTTP server on this machine instead, at this port or a free one')
    .option('--patience <seconds>', 'how long a silence of the client may last', '30')
    .action(async function (this: Command) {
      const context = contextOf<ClientOptions>(this)
      const { terminal, options } = context
      const command = (this.processedArgs as [string[] | undefined])[0] ?? []
      const patienceMs = secondsOf('--patience', options.patience) * 1000
      await runSession(terminal.note, async (session) => {
        const over =
          options.http === undefined
            ? { brokers: await brokersForClient(options, session, terminal) }
            : { port: options.http === true ? 0 : portOf(options.http) }
        const checked = checkClient({
          run: options.run,
          over,
          patienceMs,
          onProgress: (line) => terminal.note(`… ${line}`),
          ...(command.length === 0 ? {} : { start: (at) => startClient(session, command, options.run, at) }),
        })
        checked.catch(() => undefined)
        const report = await Promise.race([checked, aborted(session.stopping)])
        if (report === undefined) throw new Interrupted('stopped')
        tell(context, report)
        if (!report.ok) throw new CliError('failed', `The client of ${options.run} does not conform.`)
      })
    })

function tell({ terminal, json }: Context, report: Report): void {
  if (json) return terminal.printJson(report)
  const { green, red, yellow, dim } = terminal.colors
  terminal.print(reportText(report, { good: green, bad: red, warn: yellow, dim }))
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '')

function brokersOfServer({ options, home }: Context<ServerOptions>): readonly string[] | undefined {
  if (options.brokers !== undefined) return listOf(options.brokers)
  const found = engineAddresses(environment, homeOf(environment, home))
    .filter(({ name }) => name === 'Kafka')
    .map(({ host, port }) => `${host}:${port}`)
  return found.length > 0 ? found : undefined
}

async function brokersForClient(
  { brokers }: ClientOptions,
  { shutdown, check }: Session,
  { note }: Terminal,
): Promise<readonly string[]> {
  if (brokers !== undefined) return listOf(brokers)
  const home = await mkdtemp(join(tmpdir(), 'mixdesk-conformance-'))
  const wipe = () => rm(home, { recursive: true, force: true })
  shutdown.add('the folder of the broker', wipe, wipe)
  note('… starting a broker')
  const engines = await startEngines({ home, need: ['kafka'], onProgress: note })
  shutdown.add(
    'the broker',
    () => engines.stop(),
    () => engines.stop(),
  )
  check()
  return engines.endpoints.kafka.brokers
}

/** What it writes goes to standard error: standard output is the report's. */
function startClient(
  { stopping }: Session,
  [program, ...rest]: readonly string[],
  run: string,
  at: { readonly brokers?: readonly string[]; readonly url?: string },
): ClientProcess {
  const { [brokersKey]: _, [urlKey]: __, ...inherited } = environment
  const child = spawn(program!, rest, {
    stdio: ['ignore', process.stderr, process.stderr],
    // A group of its own, so that whatever it starts can be ended with it.
    detached: true,
    env: {
      ...inherited,
      MIXDESK_RUN: run,
      ...(at.brokers === undefined ? {} : { [brokersKey]: at.brokers.join(',') }),
      ...(at.url === undefined ? {} : { [urlKey]: at.url }),
    },
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new CliError(
          'failed',
          `The client could not be started (${error.message}): give its command after --.`,
        ),
      ),
    )
    child.once('close', resolve)
  })
  ended.catch(() => undefined)
  const kill = (): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  stopping.addEventListener('abort', kill, { once: true })
  return { ended, kill }
}

function secondsOf(option: string, text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !(seconds > 0))
    throw new CliError('usage', `${option} should be a number of seconds above 0, but is "${text}".`)
  return seconds
}

function portOf(text: string): number {
  const port = Number(text)
  if (text.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CliError('usage', `--http should be a port from 0 to 65535, but is "${text}".`)
  return port
}
