import { typeOf } from '@mixdesk/contracts'
import kafkajs, { type Producer } from 'kafkajs'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/** A trainer written against the page, not against our libs: kafkajs and nothing else of Mixdesk but the names of types. */

export type Mixture = {
  readonly attempt: number
  readonly version: number
  readonly fromStep: number
  readonly domains: readonly string[]
  readonly weights: readonly number[]
  readonly meaning: string
  readonly lifecycle: unknown
}
export type Event = { readonly name: string; readonly data: Record<string, unknown> }
export type Envelope = { key: string; value: string; headers: Record<string, string>; partition?: number }

/** Where a client can go wrong. Each has a sound default; a mutant replaces one. */
export type Habits = {
  readonly ranks: number
  /** 1, or 2 for a client that goes back to a checkpoint at once. */
  readonly attempt: number
  /** What becomes of an event: none, one or several messages. */
  wrap(event: Event, sound: (event: Event) => Envelope): Envelope[]
  /** Whether a mixture may be taken at this step. */
  mayTake(mixture: Mixture, step: number, attempt: number): boolean
  /** Whether the version is news. */
  isNews(mixture: Mixture, newest: number): boolean
  /** Why a mixture cannot be used. */
  fault(mixture: Mixture): string | undefined
  /** Weights to sample by. */
  sample(mixture: Mixture): readonly number[]
  /** The version to report, of the one in force. */
  reported(version: number, step: number): number
  /** What to send besides, before the losses of a step. */
  extra(step: number, run: string): Event[]
  /** Which events a command is read from. */
  reads(message: { key: string; type: string | undefined }, run: string): boolean
  stops(mixture: Mixture): boolean
  /** Ranks that report. */
  reporting(ranks: number): number
  readonly order: 'start first' | 'start later'
  /** Last events of a run. */
  ending(run: string, step: number, stopped: boolean, attempt: number): Event[]
  /** Which of several waiting mixtures is taken. */
  choose(waiting: readonly Mixture[]): readonly Mixture[]
  acknowledges: boolean
  /** Exit status of the program. */
  readonly status: number
}

export const domains = ['web', 'code', 'books']

export function soundFault(mixture: Mixture): string | undefined {
  const { domains: names, weights } = mixture
  if (names.length !== domains.length || names.some((name, i) => name !== domains[i])) return 'other domains'
  if (weights.length !== names.length || weights.some((weight) => !(weight >= 0))) return 'unusable weights'
  if (Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1) > 1e-6)
    return 'the weights do not sum to 1'
  if (mixture.meaning !== 'samplingProbability') return 'this trainer only samples'
  return undefined
}

export const sound: Habits = {
  ranks: 2,
  attempt: 1,
  wrap: (event, wrapped) => [wrapped(event)],
  mayTake: (mixture, step, attempt) => mixture.fromStep <= step && mixture.attempt === attempt,
  isNews: (mixture, newest) => mixture.version > newest,
  fault: soundFault,
  sample: ({ weights }) => weights,
  reported: (version) => version,
  extra: () => [],
  reads: ({ key, type }, run) => key === run && type === typeOf('mixture.set'),
  stops: ({ lifecycle }) => lifecycle === 'stop',
  reporting: (ranks) => ranks,
  order: 'start first',
  ending: (run, step, stopped, attempt) => [
    { name: 'run.finished', data: { run, attempt, step, status: stopped ? 'stopped' : 'completed' } },
  ],
  choose: (waiting) => waiting.slice(-1),
  acknowledges: true,
  status: 0,
}

/** More steps than any mixture of the kit lies ahead. */
const consequences = 24

/** How far a client has come, for whoever waits for what it makes of a mixture. */
export function createProgress() {
  // After a rebalance a client reads all of them again.
  const offsets = new Set<string>()
  let steps = 0
  let waiting: { readonly mixtures: number; until: number; readonly tell: () => void }[] = []
  return {
    /** It has read a mixture of its run, to whatever end. */
    read: (offset: string) => void offsets.add(offset),
    /** It has reported a step, and the broker has it. */
    stepped(): void {
      steps++
      // Steps count from when the mixture had been read.
      for (const one of waiting)
        if (offsets.size >= one.mixtures) one.until = Math.min(one.until, steps + consequences)
      const over = waiting.filter(({ until }) => steps >= until)
      waiting = waiting.filter((one) => !over.includes(one))
      for (const { tell } of over) tell()
    },
    /** Resolves once it has read so many mixtures and has gone on long enough; never where it ends instead. */
    settled: (wanted: number): Promise<void> =>
      new Promise((tell) => waiting.push({ mixtures: wanted, until: Infinity, tell })),
  }
}
export type Progress = ReturnType<typeof createProgress>

const stepMs = 4
const tokens = 4096
const mostSteps = 20_000

/** Trains until it is told to stop. Resolves with the status of a program that did the same. */
export async function train(
  brokers: readonly string[],
  run: string,
  habits: Habits,
  signal: AbortSignal,
  progress: Progress,
): Promise<number> {
  const kafka = new kafkajs.Kafka({
    brokers: [...brokers],
    clientId: 'foreign',
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  })
  const consumer = kafka.consumer({ groupId: `foreign-${randomUUID()}`, maxWaitTimeInMs: 20 })
  await Promise.all([producer.connect(), consumer.connect()])
  const came: Mixture[] = []
  try {
    await consumer.subscribe({ topic: 'mixdesk.trainer-commands.v1', fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: ({ message }) => {
        const type = message.headers?.['ce_type']?.toString()
        if (String(message.key) === run && type === typeOf('mixture.set')) progress.read(message.offset)
        if (message.value !== null && habits.reads({ key: String(message.key), type }, run))
          came.push(JSON.parse(message.value.toString()) as Mixture)
        return Promise.resolve()
      },
    })
    return await loop(producer, run, habits, came, signal, progress)
  } finally {
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  }
}

async function loop(
  producer: Producer,
  run: string,
  habits: Habits,
  came: Mixture[],
  signal: AbortSignal,
  progress: Progress,
): Promise<number> {
  const { ranks, attempt } = habits
  const soundly = ({ name, data }: Event): Envelope => ({
    key: run,
    value: JSON.stringify(data),
    headers: {
      ce_specversion: '1.0',
      ce_id: randomUUID(),
      ce_type: typeOf(name),
      ce_source: 'test/foreign',
      ce_time: new Date().toISOString(),
      'content-type': 'application/json',
    },
  })
  const send = (events: readonly Event[]) => {
    const messages = events.flatMap((event) => habits.wrap(event, soundly))
    return messages.length === 0
      ? Promise.resolve()
      : producer.send({ topic: 'mixdesk.trainer-events.v1', acks: -1, messages })
  }
  const start: Event = {
    name: 'run.started',
    data: {
      run,
      project: 'conformance',
      attempt: 1,
      domains: domains.map((name) => ({ name })),
      policy: { name: 'odm' },
      ranks,
    },
  }
  let inForce: Mixture | undefined
  let newest = 0
  let read = 0
  let waiting: Mixture[] = []
  let stopped = false
  if (habits.order === 'start first') await send([start])
  if (attempt > 1) await send([{ name: 'run.resumed', data: { run, attempt, step: 0, ranks } }])
  let step = attempt > 1 ? 1 : 0
  for (; step < mostSteps && !stopped && !signal.aborted; step++) {
    const answers: Event[] = []
    for (; read < came.length; read++) {
      const mixture = came[read]!
      if (!habits.isNews(mixture, newest)) continue
      newest = Math.max(newest, mixture.version)
      const because = habits.fault(mixture)
      if (because === undefined) waiting.push(mixture)
      else
        answers.push({
          name: 'mixture.refused',
          data: { run, attempt, version: mixture.version, step, because },
        })
      if (because !== 'ignored') stopped ||= mixture.attempt === attempt && habits.stops(mixture)
    }
    const taken = habits.choose(waiting.filter((mixture) => habits.mayTake(mixture, step, attempt)))
    const last = taken.at(-1)
    if (last !== undefined) {
      inForce = last
      waiting = waiting.filter((mixture) => mixture.version > last.version && !taken.includes(mixture))
      for (const { version } of habits.acknowledges ? taken : [])
        for (let rank = 0; rank < ranks; rank++)
          answers.push({ name: 'mixture.applied', data: { run, attempt, version, step, rank } })
    }
    if (stopped) {
      await send(answers)
      break
    }
    const weights = inForce === undefined ? domains.map(() => 1 / 3) : habits.sample(inForce)
    const counts = weights.map((weight) => Math.round(weight * tokens))
    const losses = Array.from({ length: habits.reporting(ranks) }, (_, rank): Event => ({
      name: 'losses.measured',
      data: {
        run,
        attempt,
        step,
        rank,
        mixtureVersion: habits.reported(inForce?.version ?? 0, step),
        tokens: counts,
        lossSum: counts.map((count, i) => count * (2 + i / 2)),
      },
    }))
    await send([
      ...answers.filter((one) => one.data['because'] !== 'ignored'),
      ...habits.extra(step, run),
      ...losses,
    ])
    if (step === 0 && habits.order === 'start later') await send([start])
    progress.stepped()
    await delay(stepMs)
  }
  await send(habits.ending(run, step, stopped, attempt))
  return habits.status
}
