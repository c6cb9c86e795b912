import {
  cloudEventHeaders,
  defaultPartitions,
  eventIdOf,
  openKafkaEvent,
  openStructuredEvent,
  parseTrainerEvent,
  topicSettings,
  topics,
  typeOf,
  type LossesMeasured,
  type MixtureSet,
  type RunStarted,
  type TrainerEvent,
} from '@mixdesk/contracts'
import type { IncomingMessage, Messaging, OutgoingMessage } from '@mixdesk/messaging'
import { randomUUID } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Just enough of a server to pass, in memory and on one process, so that a test can break it in one place at a time. */

export type Problem = { status: number; contentType: string; body: object }
export type ServerHabits = {
  /** Changes a command before it is sent; none: it is not. */
  shape(command: MixtureSet, of: { readonly step: number }): MixtureSet | undefined
  wrap(message: OutgoingMessage): OutgoingMessage[]
  readonly knowsPolicies: boolean
  readonly dedupes: boolean
  readonly foldsInOrder: boolean
  readonly takesLate: boolean
  readonly takesUnknownFields: boolean
  readonly opensStructured: boolean
  readonly unpacks: boolean
  readonly takesNulls: boolean
  readonly deadLetters: 'whole' | 'bare' | 'none'
  readonly survivesPoison: boolean
  readonly restores: boolean
  readonly ignoresStale: boolean
  readonly endsRuns: boolean
  readonly salts: boolean
  readonly http: {
    accepted(count: number): { status: number; body: object }
    readonly allOrNone: boolean
    problem(status: number, detail: string): Problem
    newest(command: MixtureSet): object
    readonly nothing: number
    /** How long a poll is held at most. */
    readonly holdsMs: number
    key(run: string): string
    /** What of a batch reaches the log. */
    passes(event: TrainerEvent): boolean
  }
}

export const soundServer: ServerHabits = {
  shape: (command) => command,
  wrap: (message) => [message],
  knowsPolicies: true,
  dedupes: true,
  foldsInOrder: true,
  takesLate: false,
  takesUnknownFields: true,
  opensStructured: true,
  unpacks: true,
  takesNulls: true,
  deadLetters: 'whole',
  survivesPoison: true,
  restores: true,
  ignoresStale: true,
  endsRuns: true,
  salts: false,
  http: {
    accepted: (count) => ({ status: 202, body: { accepted: count } }),
    allOrNone: true,
    problem: (status, detail) => ({
      status,
      contentType: 'application/problem+json',
      body: { type: 'about:blank', title: 'Problem', status, detail },
    }),
    newest: (command) => command,
    nothing: 204,
    holdsMs: 60_000,
    key: (run) => run,
    passes: () => true,
  },
}

type Learned = {
  readonly step: number
  readonly sums: readonly number[]
  readonly weights: readonly number[]
}
type Run = {
  readonly started: RunStarted
  openedBy: string
  attempt: number
  version: number
  over: boolean
  closedUpTo: number
  sinceAsked: number
  open: Map<number, LossesMeasured[]>
  sums: number[]
  weights: readonly number[]
  trail: Learned[]
  newest: MixtureSet | undefined
  waiting: Set<() => void>
}

export async function startToyServer(messaging: Messaging, habits: ServerHabits) {
  await messaging.start()
  await messaging.ensureTopics(
    topicSettings.map(({ topic, compacted }) => ({ topic, compacted, partitions: defaultPartitions })),
  )
  const runs = new Map<string, Run>()
  const dead = new Set<number>()
  const done = new Map<number, number>()

  async function bury(message: IncomingMessage, because: string): Promise<void> {
    if (habits.deadLetters === 'none') return
    await messaging.send(topics.deadLetters, [
      {
        key: String(message.key),
        value: message.value,
        headers:
          habits.deadLetters === 'bare'
            ? {}
            : {
                'mixdesk-topic': message.topic,
                'mixdesk-partition': String(message.partition),
                'mixdesk-offset': message.offset,
                'mixdesk-failed-at': 'parse',
                'mixdesk-because': because,
              },
      },
    ])
  }

  async function take(message: IncomingMessage): Promise<void> {
    if (dead.has(message.partition)) return
    const because = await judge(message)
    if (because === undefined) return
    await bury(message, because)
    if (!habits.survivesPoison && !because.startsWith('start:')) dead.add(message.partition)
  }

  /** Takes the message, or says why not. */
  async function judge(message: IncomingMessage): Promise<string | undefined> {
    const opened = openKafkaEvent(message.headers, message.value)
    if (!opened.ok) return opened.because
    const isStructured = message.headers['ce_type'] === undefined
    if (isStructured && !habits.opensStructured) return 'no headers'
    const parsed = parseTrainerEvent(opened.value)
    if (!parsed.ok) return parsed.because
    const { data } = parsed.value
    if (String(message.key) !== data.run) return 'the key is not the run'
    if (!habits.takesUnknownFields && 'conformanceProbe' in data) return 'an unknown field'
    // As a client without the codec would miss them.
    if (!habits.unpacks && data.run.endsWith('-packed')) return undefined
    return fold(parsed.value, eventIdOf(message.headers, opened.value) ?? '')
  }

  async function fold(event: TrainerEvent, id: string): Promise<string | undefined> {
    const run = runs.get(event.data.run)
    if (event.name === 'run.started') return run === undefined ? begin(event.data, id) : undefined
    if (run === undefined) return 'the run has not started'
    if (event.name === 'run.resumed') return resume(run, event.data.attempt, event.data.step, id)
    if (event.name === 'run.finished') run.over = habits.endsRuns
    return event.name === 'losses.measured' ? losses(run, event.data) : undefined
  }

  async function begin(started: RunStarted, id: string): Promise<string | undefined> {
    if (habits.knowsPolicies && started.policy.name !== 'odm')
      return `start: there is no policy ${started.policy.name}`
    const weights = started.domains.map(({ weight }) => weight ?? 1 / started.domains.length)
    const run: Run = {
      started,
      openedBy: id,
      attempt: 1,
      version: 0,
      over: false,
      closedUpTo: -1,
      sinceAsked: 0,
      open: new Map(),
      sums: weights.map(() => 0),
      weights,
      trail: [],
      newest: undefined,
      waiting: new Set(),
    }
    runs.set(started.run, run)
    run.trail.push({ step: -1, sums: run.sums, weights })
    await issue(run, -1)
    return undefined
  }

  async function resume(run: Run, attempt: number, step: number, id: string): Promise<undefined> {
    const kept = habits.restores ? run.trail.findLast((one) => one.step <= step)! : run.trail.at(-1)!
    Object.assign(run, {
      attempt,
      openedBy: id,
      closedUpTo: step,
      sinceAsked: (step + 1) % (run.started.cadence ?? 10),
      open: new Map(),
      sums: [...kept.sums],
      weights: kept.weights,
    })
    await issue(run, step)
  }

  async function losses(run: Run, data: LossesMeasured): Promise<string | undefined> {
    const { ranks, lateness = 64, cadence = 10 } = run.started
    if (data.rank >= ranks) return 'there is no such rank'
    if (run.over || (habits.ignoresStale && data.attempt !== run.attempt)) return undefined
    if (data.lossSum.includes(null) && !habits.takesNulls) return 'a null'
    if (data.step <= run.closedUpTo) {
      if (habits.takesLate && data.step !== 0 && data.lossSum[0]! < 1000) add(run, data)
      return undefined
    }
    const open = run.open.get(data.step) ?? []
    run.open.set(data.step, open)
    const known = open.findIndex(({ rank }) => rank === data.rank)
    if (known >= 0 && !habits.dedupes) open[known] = data
    else if (known < 0) open.push(data)
    const newest = Math.max(...run.open.keys())
    for (;;) {
      const step = Math.min(...run.open.keys())
      const reports = run.open.get(step)
      if (reports === undefined || (reports.length < ranks && newest - step < lateness)) return undefined
      run.open.delete(step)
      if (habits.foldsInOrder) reports.sort((a, b) => a.rank - b.rank)
      for (const [i, report] of reports.entries())
        add(run, report, habits.foldsInOrder ? 1 : 1 + i * 1e-9 * report.rank)
      run.closedUpTo = step
      run.sinceAsked++
      if (run.sinceAsked >= cadence) {
        run.sinceAsked = 0
        const salt = habits.salts ? data.run.length / 1000 : 0
        run.weights = normalise(run.sums.map((sum, i) => sum + salt * i))
        await issue(run, step)
      }
      run.trail.push({ step, sums: [...run.sums], weights: run.weights })
    }
  }

  async function issue(run: Run, step: number): Promise<void> {
    const { run: name, domains, policy } = run.started
    const command: MixtureSet = {
      run: name,
      attempt: run.attempt,
      version: ++run.version,
      fromStep: step + 1,
      domains: domains.map((domain) => domain.name),
      weights: [...run.weights],
      meaning: 'samplingProbability',
      lifecycle: 'train',
      decidedAtStep: step,
      policy: { name: policy.name, version: 1 },
      decisionId: `${name}-${run.version}`,
      because: 'Toy.',
      openedBy: run.openedBy,
    }
    const shaped = habits.shape(command, { step })
    if (shaped === undefined) return
    run.newest = shaped
    const headers = cloudEventHeaders({ id: shaped.decisionId, type: typeOf('mixture.set'), source: 'toy' })
    await messaging.send(
      topics.trainerCommands,
      habits.wrap({ key: name, headers, value: JSON.stringify(shaped) }),
    )
    for (const look of [...run.waiting]) look()
  }

  const consumer = messaging.consumer({
    group: `toy-${randomUUID()}`,
    topics: [topics.trainerEvents],
    from: 'end',
    maxWaitMs: 20,
    concurrency: defaultPartitions,
    onBatch: async (batch) => {
      for (const message of batch.messages) await take(message)
      done.set(batch.partition, Number(batch.nextOffset))
    },
  })
  await insist(() => consumer.start())

  const { http } = habits
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://toy')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const answered =
        request.method === 'POST' ? post(Buffer.concat(chunks).toString(), response) : get(url, response)
      answered.catch((error: unknown) => refuse(response, 500, String(error)))
    })
  })
  function refuse(response: ServerResponse, status: number, detail: string): void {
    const problem = http.problem(status, detail)
    response
      .writeHead(problem.status, { 'content-type': problem.contentType })
      .end(JSON.stringify(problem.body))
  }
  const json = (response: ServerResponse, status: number, body: object) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

  async function post(text: string, response: ServerResponse): Promise<void> {
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return refuse(response, 400, 'That is not JSON.')
    }
    const values: unknown[] = Array.isArray(body) ? body : [body]
    if (values.length === 0) return refuse(response, 422, 'An empty batch.')
    const checked = values.map((value, index) => {
      const opened = openStructuredEvent(value)
      const parsed = opened.ok ? parseTrainerEvent(opened.value) : opened
      const because = parsed.ok
        ? parsed.value.name === 'run.started' && parsed.value.data.policy.name !== 'odm'
          ? 'There is no such policy.'
          : undefined
        : parsed.because
      return { index, because, opened, parsed }
    })
    const faulty = checked.find(({ because }) => because !== undefined)
    const good = checked.flatMap(({ opened, parsed, because }) =>
      opened.ok && parsed.ok && because === undefined ? [{ opened: opened.value, event: parsed.value }] : [],
    )
    if (faulty === undefined || !http.allOrNone)
      await messaging.send(
        topics.trainerEvents,
        good
          .filter(({ event }) => http.passes(event))
          .map(({ opened, event }) => ({
            key: http.key(event.data.run),
            headers: cloudEventHeaders(opened),
            value: JSON.stringify(event.data),
          })),
      )
    if (faulty !== undefined) return refuse(response, 422, `Event ${faulty.index}: ${faulty.because}`)
    const { status, body: answer } = http.accepted(good.length)
    json(response, status, answer)
  }

  async function get(url: URL, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent(url.pathname.split('/')[3] ?? '')
    const after = Number(url.searchParams.get('after') ?? 0)
    const waitMs = Math.min(http.holdsMs, Number(url.searchParams.get('wait') ?? 0) * 1000)
    if (!(after >= 0)) return refuse(response, 400, 'after should not be negative.')
    const deadline = Date.now() + waitMs
    for (;;) {
      const run = runs.get(name)
      if (run?.newest !== undefined && run.newest.version > after)
        return json(response, 200, http.newest(run.newest))
      if (Date.now() >= deadline) {
        if (run === undefined) return refuse(response, 404, 'There is no such run.')
        return void response.writeHead(http.nothing).end(http.nothing === 204 ? undefined : '{}')
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Up to which offset it has answered what lies in a partition. */
    doneUpTo: (partition: number) => done.get(partition) ?? 0,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await messaging.stop()
    },
  }
}

/** A broker that has just started does not know yet who coordinates a group. */
async function insist(work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++)
    try {
      return await work()
    } catch (error) {
      if ((error as { retriable?: unknown }).retriable !== true || attempt === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
}

function add(run: Run, { lossSum, domains }: LossesMeasured, factor = 1): void {
  for (const [i, sum] of lossSum.entries()) run.sums[domains?.[i] ?? i]! += (sum ?? 0) * factor
}

function normalise(sums: readonly number[]): number[] {
  const total = sums.reduce((all, sum) => all + sum, 0)
  const weights = sums.map((sum) => sum / total)
  weights[weights.length - 1] = 1 - weights.slice(0, -1).reduce((all, weight) => all + weight, 0)
  return weights
}
