import { createKafkaMessaging } from '@mixdesk/messaging'
import { ConformanceError } from '../conformance-error.js'
import { reportOf, type Report } from '../report.js'
import { createClientJudge, type ClientJudge } from './client-judge.js'
import type { Caught } from '../seen.js'
import { openHttpLink } from './http-link.js'
import { openKafkaLink } from './kafka-link.js'
import { playServer, type CommandLink } from './script.js'

/** A client that the kit has started. */
export type ClientProcess = {
  /** Its exit status; null when a signal ended it. */
  readonly ended: Promise<number | null>
  kill(): void
}

export type CheckClientOptions = {
  readonly run: string
  /** Kafka, or HTTP on a port of this machine (0: any free one). */
  readonly over: { readonly brokers: readonly string[] } | { readonly port: number }
  /** How long a silence may last before it counts as one. */
  readonly patienceMs?: number
  /** Starts the client once the kit is listening; without it a person does. */
  readonly start?: (at: { readonly brokers?: readonly string[]; readonly url?: string }) => ClientProcess
  /**
   * Resolves once the client has read so many mixtures and has sent what comes of them: what has not come by then does not come. Never where the
   * client ends instead. Only a client in the same process can know that; without it, patience decides.
   */
  readonly settled?: (mixtures: number) => Promise<unknown>
  readonly onProgress?: (line: string) => void
}

/** Longer than a machine stalls; only a log that ends in a marker of a transaction takes that long. */
const drainMs = 15_000
/** Whoever starts a client by hand may take a while. */
const byHandMs = 600_000

/** Plays the server to a client, and says what the client gets wrong. */
export async function checkClient(options: CheckClientOptions): Promise<Report> {
  return 'brokers' in options.over
    ? overKafka(options, options.over.brokers)
    : overHttp(options, options.over.port)
}

async function overKafka(options: CheckClientOptions, brokers: readonly string[]): Promise<Report> {
  const { run } = options
  const messaging = createKafkaMessaging({ brokers, clientId: 'mixdesk-conformance' })
  await messaging.start()
  try {
    const early: Caught[] = []
    let see = (caught: Caught): void => void early.push(caught)
    let rival: string | undefined
    let tellRival: (() => void) | undefined
    const rivalCame = new Promise<void>((resolve) => (tellRival = resolve))
    const link = await openKafkaLink(messaging, run, {
      see: (caught) => see(caught),
      onRival: (where) => {
        rival ??= where
        tellRival!()
      },
    })
    const judge = createClientJudge(run, link.partitions)
    early.forEach(judge.see)
    see = judge.see
    try {
      await play(options, judge, link, { brokers }, rivalCame)
      await link.drain(drainMs)
    } finally {
      await link.stop()
    }
    if (rival !== undefined)
      throw new ConformanceError(
        `Somebody else answers the run "${run}" (${rival} of the commands): choose a run name that was never used, on brokers where no Mixdesk server is at work.`,
      )
    judge.end()
    return reportOf({ checked: 'client', run, transports: ['kafka'] }, judge.results())
  } finally {
    await messaging.stop()
  }
}

async function overHttp(options: CheckClientOptions, port: number): Promise<Report> {
  const { run } = options
  const judge = createClientJudge(run, undefined)
  const link = await openHttpLink(run, port, { see: judge.see, check: judge.check })
  try {
    await play(options, judge, link, { url: link.url })
  } finally {
    await link.stop()
  }
  judge.end()
  return reportOf({ checked: 'client', run, transports: ['http'] }, judge.results())
}

async function play(
  options: CheckClientOptions,
  judge: ClientJudge,
  link: CommandLink,
  at: { readonly brokers?: readonly string[]; readonly url?: string },
  spoilt?: Promise<void>,
): Promise<void> {
  const { run, start, onProgress, patienceMs = 30_000 } = options
  if (start === undefined)
    onProgress?.(
      `listening at ${at.url ?? at.brokers?.join(',') ?? ''}: start a client of the run "${run}" that trains until it is told to stop`,
    )
  const client = start?.(at)
  const drained = () => link.drain(drainMs)
  // Its last words may still be on their way when it is gone.
  const left = client?.ended.then(
    () => new Promise((resolve) => setTimeout(resolve, 1_000)).then(drained).catch(() => undefined),
    () => undefined,
  )
  let mixtures = 0
  const counting: CommandLink = {
    ...link,
    send(command) {
      mixtures++
      return link.send(command)
    },
  }
  // Where the link cannot say, patience decides.
  const settled =
    options.settled &&
    (() => options.settled!(mixtures).then(() => drained().catch(() => new Promise<never>(() => undefined))))
  const gone = Promise.race([left, spoilt].filter((one) => one !== undefined))
  try {
    const startWithinMs = client === undefined ? byHandMs : Math.max(patienceMs, 60_000)
    await playServer({ run, judge, link: counting, patienceMs, startWithinMs, gone, settled, onProgress })
    if (client === undefined) return
    const status = await Promise.race([
      client.ended,
      ...[spoilt, settled?.()].filter((one) => one !== undefined).map((one) => one.then(() => undefined)),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), patienceMs).unref()),
    ])
    judge.check('process.ends', status === 0, 'at the end', () => ({
      expected: `status 0 within ${patienceMs} ms after run.finished`,
      got: status === undefined ? 'it still runs' : `status ${status}`,
    }))
  } finally {
    client?.kill()
  }
}
