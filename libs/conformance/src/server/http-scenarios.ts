import { canonicalJson, headerText, show, topics, type MixtureSet } from '@mixdesk/contracts'
import { partitionOfKey, type IncomingMessage } from '@mixdesk/messaging'
import { expectSame, openRun, type Context, type RunSide } from './context.js'
import type { Answer, HttpSide } from './http-side.js'
import type { KafkaSide } from './kafka-side.js'
import { cadence, lastStep, type StoryEvent } from './story.js'

/** How long a poll that must be held is given to be answered wrongly. */
const earlyMs = 200
/** How long a poll asks to be held: as long as anything is waited for, within what a server must bear. */
const pollSeconds = ({ patienceMs }: Context) => Math.min(50, Math.ceil(patienceMs / 1000))
const said = ({ status, text }: Answer) => `${status} ${show(text)}`

/** A whole run over HTTP, deciding as it goes. Polls are the only ears: its commands are judged as they are handed out. */
export async function overHttp(context: Context, http: HttpSide, name: string): Promise<RunSide> {
  const { findings, judge, patienceMs } = context
  const run = openRun(context, name)
  const wait = pollSeconds(context)
  const accepted = (answer: Answer, count: number) =>
    findings.check(
      'http.accepted',
      answer.status === 202 && (answer.body as { accepted?: unknown } | undefined)?.accepted === count,
      () => ({ where: 'POST /v1/events', expected: `202 {"accepted":${count}}`, got: said(answer) }),
    )
  const take = (answer: Answer, after: number, where: string) => {
    const version = (answer.body as { version?: unknown } | undefined)?.version
    const newer = answer.status === 200 && typeof version === 'number' && version > after
    findings.check('http.long-poll', newer, () => ({
      where,
      expected: `200 with a version above ${after}`,
      got: said(answer),
    }))
    if (newer) judge.judgeCommand(run.run, answer.body, where)
    return newer ? version : undefined
  }
  const poll = (after: number) =>
    http.mixture(run.run, `?after=${after}&wait=${wait}`, wait * 1000 + patienceMs)

  accepted(await http.postOne(run.opens(1, run.start())), 1)
  let after = take(await poll(0), 0, `GET ${run.run} after=0`)
  if (after === undefined) return run
  for (let step = 0; step <= lastStep; step += cadence) {
    const polled = poll(after)
    const early = await Promise.race([
      polled,
      new Promise<undefined>((done) => setTimeout(() => done(undefined), earlyMs)),
    ])
    findings.check('http.long-poll', early === undefined, () => ({
      where: `GET ${run.run} after=${after}&wait=${wait}`,
      expected: 'no answer before there is something newer',
      got: said(early!),
    }))
    const events = run.steps(step, step + cadence - 1)
    accepted(await http.postBatch(events), events.length)
    const answer = early ?? (await polled)
    after = take(answer, after, `GET ${run.run} after=${after}`)
    if (after === undefined) return run
  }
  await nothingNewer(context, http, run, after)
  return run
}

async function nothingNewer(
  { findings }: Context,
  http: HttpSide,
  run: RunSide,
  version: number,
): Promise<void> {
  const answer = await http.mixture(run.run, `?after=${version}`)
  findings.check('http.nothing-newer', answer.status === 204 && answer.text === '', () => ({
    where: `GET ${run.run} after=${version}`,
    expected: '204 without a body',
    got: said(answer),
  }))
  const whole = await http.mixture(run.run)
  const newest = run.commands.find((command) => command.version === version)
  const same =
    newest !== undefined && whole.status === 200 && canonicalJson(whole.body) === canonicalJson(newest)
  findings.check('http.mixture', same, () => ({
    where: `GET ${run.run} without a query`,
    expected: `version ${version}, as the poll gave it`,
    got: said(whole),
  }))
}

/** The newest mixture of a run that was told over Kafka. */
export async function asKafkaHasIt(context: Context, http: HttpSide, run: RunSide): Promise<void> {
  const newest = run.commands.at(-1)!
  const wait = pollSeconds(context)
  const query = `?after=${newest.version - 1}&wait=${wait}`
  const answer = await http.mixture(run.run, query, wait * 1000 + context.patienceMs)
  context.findings.check('http.mixture', canonicalJson(answer.body) === canonicalJson(newest), () => ({
    where: `GET ${run.run}`,
    expected: show(newest),
    got: said(answer),
  }))
}

/** What a run over HTTP has come to, beside one over Kafka; and where its events lie. */
export async function sameOverHttp(
  context: Context,
  http: HttpSide,
  kafka: KafkaSide,
  clean: readonly MixtureSet[],
): Promise<void> {
  const name = 'http'
  const key = `${context.prefix}-${name}`
  const lying: IncomingMessage[] = []
  const listeners = new Set<() => void>()
  const reader = kafka.messaging.reader({
    topic: topics.trainerEvents,
    from: 'end',
    onMessage: (message) => {
      if (headerText(message.headers, 'ce_id')?.startsWith(`${key}-`) !== true) return
      lying.push(message)
      for (const tell of [...listeners]) tell()
    },
  })
  await reader.start()
  try {
    const run = await overHttp(context, http, name)
    await expectSame(context, 'http.same', clean, run)
    const wanted = 1 + run.steps(0, lastStep).length
    const onChange = (tell: () => void) => {
      listeners.add(tell)
      return () => void listeners.delete(tell)
    }
    await context.hears({ onChange }, () => lying.length >= wanted)
    const partition = partitionOfKey(key, kafka.partitions)
    const misplaced = lying.filter(
      (message) => String(message.key) !== key || message.partition !== partition,
    )
    context.findings.check('http.log', lying.length === wanted && misplaced.length === 0, () => ({
      where: `run ${key} in ${topics.trainerEvents}`,
      expected: `${wanted} events with their ids, with the key ${show(key)} in partition ${partition}`,
      got: `${lying.length} events, ${misplaced.length} of them elsewhere`,
    }))
  } finally {
    await reader.stop()
  }
}

/** What must be turned away, and how. Returns what is looked at at the very end. */
export async function refusals(context: Context, http: HttpSide): Promise<() => Promise<void>> {
  const { findings } = context
  const run = openRun(context, 'half')
  const problem = (answer: Answer, statuses: readonly number[], where: string) => {
    const { type, title, status, detail } = (answer.body ?? {}) as Record<string, unknown>
    const sound =
      statuses.includes(answer.status) &&
      answer.contentType.startsWith('application/problem+json') &&
      typeof title === 'string' &&
      status === answer.status &&
      typeof detail === 'string' &&
      detail !== '' &&
      (type === undefined || typeof type === 'string')
    findings.check('http.problem', sound, () => ({
      where,
      expected: `${statuses.join(' or ')} with a problem document`,
      got: `${said(answer)} as ${show(answer.contentType)}`,
    }))
  }
  problem(
    await http.mixture(`${context.prefix}-never-started`),
    [404],
    'GET the mixture of a run that is not there',
  )
  problem(await http.post('[{', 'application/cloudevents-batch+json'), [400], 'POST of half a document')
  problem(await http.postBatch([]), [422, 400], 'POST of an empty batch')
  problem(await http.mixture(run.run, '?after=-1'), [400, 404, 422], 'GET with after=-1')
  const unknown: StoryEvent = run.event('losses.guessed', {})
  problem(await http.postOne(unknown), [422], 'POST of an unknown type')
  const refused = await http.postOne(run.start({ policy: { name: 'no-such-policy' } }))
  problem(refused, [422], 'POST of a start with an unknown policy')
  findings.check('start.refused', refused.status === 422, () => ({
    where: 'POST of a start with an unknown policy',
    expected: '422',
    got: said(refused),
  }))
  const batch = await http.postBatch([
    run.opens(1, run.start()),
    run.losses(0, 0),
    run.losses(0, 1, { tokens: [1] }),
  ])
  problem(batch, [422], 'POST of a batch with a fault in its third event')
  findings.check('http.all-or-none', batch.status === 422 && batch.text.includes('2'), () => ({
    where: 'POST of a batch with a fault in event 2',
    expected: '422 that names event 2',
    got: said(batch),
  }))
  return async () => {
    const taken = await http.mixture(run.run)
    findings.check('http.all-or-none', taken.status === 404, () => ({
      where: `GET the mixture of ${run.run}, whose start was in that batch`,
      expected: '404',
      got: said(taken),
    }))
  }
}
