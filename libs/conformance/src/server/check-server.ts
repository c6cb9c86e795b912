import { ConformanceError } from '../conformance-error.js'
import { reportOf, type Report } from '../report.js'
import { createFindings } from '../rules.js'
import { whenever } from '../wait.js'
import { createCommandJudge } from './command-judge.js'
import { expectSame, type Context } from './context.js'
import { asKafkaHasIt, overHttp, refusals, sameOverHttp } from './http-scenarios.js'
import { openHttpSide, type HttpSide } from './http-side.js'
import { ending, lateness, nulls, poison, refusal, resume, twins, undisturbed } from './kafka-scenarios.js'
import { connectTo, openKafkaSide, type Connect, type KafkaSide } from './kafka-side.js'
import { serverRules } from './server-rules.js'

export type CheckServerOptions = {
  /** Beginning of the names of the kit's runs; never used before. */
  readonly prefix: string
  readonly brokers?: readonly string[] | undefined
  /** Instead of brokers: makes the clients, where the broker is not one that Kafka's protocol reaches. */
  readonly connect?: Connect | undefined
  readonly url?: string | undefined
  /** A policy that moves at every decision, whatever the losses; `odm` by default. */
  readonly policy?: string
  /** How long to wait for an answer. */
  readonly patienceMs?: number
  /**
   * Resolves once the server has answered all that it was told so far, and the answers have been read: what has not come by then does
   * not come. Only a server in the same process can know that; without it, patience decides.
   */
  readonly settled?: (() => Promise<unknown>) | undefined
  readonly onProgress?: (line: string) => void
}

/** Plays trainers to a server, and says what the server gets wrong. Its runs stay in the server's history. */
export async function checkServer(options: CheckServerOptions): Promise<Report> {
  const { prefix, brokers, url, policy = 'odm', patienceMs = 20_000, settled } = options
  const { onProgress = () => undefined, connect = brokers && connectTo(brokers) } = options
  if (connect === undefined && url === undefined)
    throw new ConformanceError('Expected brokers, the address of a server, or both; neither was given.')
  const findings = createFindings(serverRules)
  let partitions = 1
  const judge = createCommandJudge(findings, () => partitions)
  const hears: Context['hears'] = (source, holds) => whenever(source, holds, patienceMs, settled?.())
  const context: Context = { prefix, policy, patienceMs, findings, judge, hears }
  const http = url === undefined ? undefined : openHttpSide(url, patienceMs)
  const kafka =
    connect === undefined ? undefined : await openKafkaSide(connect, judge, (count) => (partitions = count))
  try {
    if (kafka === undefined) await withoutKafka(context, http!, onProgress)
    else await withKafka(context, kafka, http, onProgress)
  } finally {
    await kafka?.stop()
  }
  const transports = [
    ...(kafka === undefined ? [] : ['kafka' as const]),
    ...(http === undefined ? [] : ['http' as const]),
  ]
  return reportOf({ checked: 'server', run: prefix, transports }, findings.results())
}

async function withKafka(
  context: Context,
  kafka: KafkaSide,
  http: HttpSide | undefined,
  say: (line: string) => void,
): Promise<void> {
  say('a run as it should be')
  const clean = await undisturbed(context, kafka)
  if (clean === undefined) return
  // What comes after its end is looked at when all else is done.
  const decided = [...clean.commands]
  say('the same run in other words, with poison, resumed, refused')
  const quiet = await ending(context, kafka, clean)
  const [refused] = await Promise.all([
    refusal(context, kafka),
    twins(context, kafka, decided),
    lateness(context, kafka),
    nulls(context, kafka),
    poison(context, kafka, decided),
    resume(context, kafka, decided),
  ])
  let none = async (): Promise<void> => undefined
  if (http !== undefined) {
    say('the same run over HTTP')
    none = await refusals(context, http)
    await asKafkaHasIt(context, http, clean)
    await sameOverHttp(context, http, kafka, decided)
  }
  quiet()
  refused()
  await none()
}

async function withoutKafka(context: Context, http: HttpSide, say: (line: string) => void): Promise<void> {
  say('a run over HTTP, twice')
  const none = await refusals(context, http)
  const first = await overHttp(context, http, 'http-1')
  context.findings.check('start.mixture', first.commands[0]?.version === 1, () => ({
    where: `run ${first.run}`,
    expected: 'version 1',
    got: first.commands.length === 0 ? 'no mixture' : `version ${first.commands[0]!.version}`,
  }))
  const second = await overHttp(context, http, 'http-2')
  await expectSame(context, 'decisions.same', [...first.commands], second)
  await none()
}
