// How long a trainer waits for its next mixture, and how much of it is Kafka's.
import { topics } from '@mixdesk/contracts'
import { setTimeout as delay } from 'node:timers/promises'
import { startChild } from './support/child.mjs'
import { fetchSettings, joined, plainKafka, plainProducer } from './support/kafka.mjs'
import { median, quantile, ratio, show, spread } from './support/numbers.mjs'
import { firstStep, lossesOf, messageOf, startOf } from './support/wire.mjs'

const shape = { domains: 24, ranks: 4, cadence: 1 }
const questions = 'bench.echo-questions'
const answers = 'bench.echo-answers'
/** Between an answer and the next question: a very short step of training. */
const stepMs = 4

export const latency = {
  name: 'latency',
  title: 'Decision latency',
  question:
    "How long is it from sending the last rank's losses to having the new mixture, and how does that compare with two bare trips through Kafka?",

  async run({ stand, quick, say }) {
    const blocks = quick ? 4 : 12
    const perBlock = quick ? 60 : 200
    const server = await stand.startServer()
    const trainer = await startTrainer(stand, 'latency')
    for (const way of [trainer.decision, trainer.echo]) for (let i = 0; i < 100; i++) await way()

    const taken = { decision: [], echo: [] }
    const cpu = server.cpuSeconds()
    const advanced = await advances(server)
    for (let block = 0; block < blocks; block++)
      // Whoever goes first may find the machine in another mood.
      for (const way of block % 2 === 0 ? ['decision', 'echo'] : ['echo', 'decision']) {
        const times = []
        for (let i = 0; i < perBlock; i++) times.push(await trainer[way]())
        taken[way].push(times)
        say(`${way}: p50 ${show(median(times))} ms, p99 ${show(quantile(times, 0.99))} ms`)
      }
    const cpuSeconds = server.cpuSeconds() - cpu
    const since = await advances(server)
    const advanceMs = ((since.seconds - advanced.seconds) * 1000) / (since.count - advanced.count)
    await trainer.stop()
    await server.stop()

    const all = { decision: taken.decision.flat(), echo: taken.echo.flat() }
    const ratioAt = (q) => quantile(all.decision, q) / quantile(all.echo, q)
    const byBlock = (q) => taken.decision.map((times, i) => quantile(times, q) / quantile(taken.echo[i], q))
    const row = (name, way) => [
      name,
      ...[0.5, 0.95, 0.99].map((q) => show(quantile(all[way], q))),
      show(Math.max(...all[way])),
      spread(taken[way].map(median)),
    ]
    return {
      facts: [
        `${all.decision.length.toLocaleString('en-US')} decisions and as many echoes, one at a time, in ${blocks} blocks of each by turns. A run of ${shape.ranks} ranks and ${shape.domains} domains, ODM, cadence 1; the other ranks' losses and the acknowledgements of the last mixture are sent before, the clock starts with the last rank's.`,
        `The echo: plain kafkajs in a process of its own consumes messages of the same size and produces answers as long as the commands (${trainer.answerBytes()} bytes). Both ways: acks=all, the same client, producer, consumer and fetch settings (minBytes 1, maxWaitTimeInMs ${fetchSettings.maxWaitTimeInMs}), topics of 12 partitions.`,
      ],
      table: {
        head: ['ms', 'p50', 'p95', 'p99', 'worst', 'median of blocks (least to most)'],
        rows: [
          row('last loss sent → mixture received', 'decision'),
          row('bare echo: sent → answer received', 'echo'),
          ['ratio', ...[0.5, 0.95, 0.99].map((q) => `${ratioAt(q).toFixed(2)} ×`), '', ratio(byBlock(0.5))],
        ],
      },
      goals: [
        {
          goal: 'p50 at most 1.5 × the echo',
          value: `${ratioAt(0.5).toFixed(2)} ×`,
          met: ratioAt(0.5) <= 1.5,
        },
        { goal: 'p99 at most 2 × the echo', value: `${ratioAt(0.99).toFixed(2)} ×`, met: ratioAt(0.99) <= 2 },
      ],
      also: [
        `${show((cpuSeconds * 1000) / all.decision.length)} ms of server CPU a decision, its idle work during the echoes included.`,
        `From the ring to the end of the commit, fold and PostgreSQL's acknowledged transaction: ${show(advanceMs)} ms on average (the server's own \`mixdesk_advance_seconds\`), which the echo has nothing of. The command leaves after it, never before: a decision that a trainer follows is in the ledger.`,
      ],
      flatters: [
        'One run, one machine, no network, one broker without replicas: acks=all waits for nobody else.',
        `The server has nothing else to do, and ${stepMs} ms between an answer and the next question.`,
        'While one way is measured, the process of the other idles: the server looks for work about 20 times a second.',
      ],
    }
  },

  async profile({ stand, quick, folder }) {
    const server = await stand.startServer({ profile: folder })
    const trainer = await startTrainer(stand, 'latency-profiled')
    const times = []
    for (let i = 0; i < (quick ? 200 : 1500); i++) times.push(await trainer.decision())
    await trainer.stop()
    await server.stop()
    return { note: `p50 ${show(median(times))} ms, profiled` }
  },
}

const advances = async (server) => ({
  seconds: await server.counted('mixdesk_advance_seconds_sum'),
  count: await server.counted('mixdesk_advance_seconds_count'),
})

/** A trainer of plain kafkajs that asks, and waits for what comes back, on either way. */
async function startTrainer(stand, run) {
  const kafka = plainKafka(stand.brokers, 'bench-trainer')
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    topics: [questions, answers].map((topic) => ({ topic, numPartitions: 12, replicationFactor: 1 })),
    waitForLeaders: true,
  })
  const producer = plainProducer(kafka)
  const consumer = kafka.consumer({ groupId: `bench-trainer-${process.pid}-${run}`, ...fetchSettings })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topics: [topics.trainerCommands, answers], fromBeginning: true })
  let arrived = () => undefined
  await joined(consumer, () =>
    consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const at = performance.now()
        for (const message of batch.messages) arrived(batch.topic, message, at)
      },
    }),
  )

  /** Sends, and resolves with the milliseconds until `matches` finds what it waits for. */
  async function asked(topic, message, matches) {
    const answer = new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${topic}: no answer within 10 s`)), 10_000)
      arrived = (from, one, at) => {
        if (!matches(from, one)) return
        clearTimeout(late)
        resolve(at)
      }
    })
    const began = performance.now()
    const sent = producer.send({ topic, acks: -1, messages: [message] })
    const at = await answer
    await sent
    return at - began
  }

  let version = 1
  let answerBytes = 0
  const isVersion =
    (wanted) =>
    (topic, { key, value }) => {
      if (topic !== topics.trainerCommands || String(key) !== run) return false
      if (JSON.parse(value.toString()).version !== wanted) return false
      answerBytes = value.length
      return true
    }
  await asked(topics.trainerEvents, messageOf('run.started', run, startOf(run, shape)), isVersion(1))
  let step = firstStep
  const lossesNow = (rank) =>
    messageOf('losses.measured', run, { ...lossesOf(run, shape, step, rank), mixtureVersion: version })
  const others = Array.from({ length: shape.ranks - 1 }, (_, rank) => rank)

  async function decision() {
    const acknowledgements = [...others, shape.ranks - 1].map((rank) =>
      messageOf('mixture.applied', run, { run, attempt: 1, version, step, rank }),
    )
    const messages = [...acknowledgements, ...others.map(lossesNow)]
    await producer.send({ topic: topics.trainerEvents, acks: -1, messages })
    await delay(stepMs)
    const taken = await asked(topics.trainerEvents, lossesNow(shape.ranks - 1), isVersion(version + 1))
    version++
    step++
    return taken
  }
  await decision()

  const echo = await startChild('echo', { brokers: stand.brokers, questions, answers, answerBytes })
  let serial = 0
  async function echoed() {
    const messages = [...others, ...others].map(lossesNow)
    await producer.send({ topic: questions, acks: -1, messages })
    await delay(stepMs)
    const id = `echo-${run}-${serial++}`
    const message = lossesNow(shape.ranks - 1)
    const headers = { ...message.headers, ce_id: id, last: 'yes' }
    return asked(
      questions,
      { ...message, headers },
      (topic, one) => topic === answers && String(one.headers.id) === id,
    )
  }

  return {
    decision,
    echo: echoed,
    answerBytes: () => answerBytes,
    async stop() {
      await echo.stop()
      await Promise.all([consumer.disconnect(), producer.disconnect(), admin.disconnect()])
    },
  }
}
