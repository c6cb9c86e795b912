// How many observations a second go the whole way: Kafka, decisions in PostgreSQL, history in chDB.
import { topics } from '@mixdesk/contracts'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startChild } from './support/child.mjs'
import { plainKafka } from './support/kafka.mjs'
import { median, ratio, show, spread } from './support/numbers.mjs'
import { firstStep } from './support/wire.mjs'

const domains = 24
const ranks = 8
const runs = 24
const cadence = 10

export const ingest = {
  name: 'ingest',
  title: 'Sustained ingest through the whole loop',
  question:
    'How many observations of 24 domains a second does one server take from Kafka through decisions into the history, and how does that compare with Kafka alone and chDB alone?',

  async run({ stand, quick, say }) {
    const steps = quick ? 260 : 1570
    const repetitions = quick ? 2 : 4
    const kafka = plainKafka(stand.brokers, 'bench')
    const admin = kafka.admin()
    await admin.connect()
    const load = await startChild('load', { brokers: stand.brokers })
    const consume = await startChild('bare-consume', { brokers: stand.brokers })
    const insert = await startChild('bare-insert', { path: join(stand.home, 'bare-chdb') })
    const whole = (server, prefix, count, mode) =>
      wholeLoop({ stand, server, load, admin, prefix, steps: count, mode })

    const server = await stand.startServer({ environment })
    await whole(server, 'warm', quick ? 120 : 400, 'overlapped')
    const done = { overlapped: [], drained: [] }
    const bare = { consume: [], insert: [] }
    for (let i = 0; i < repetitions; i++) {
      for (const mode of ['overlapped', 'drained']) {
        if (mode === 'drained' && i % 2 === 1) continue
        const one = await whole(server, `${mode}-${i}`, steps, mode)
        done[mode].push(one)
        say(`${mode}: ${show(one.rate)} observations/s`)
        if (mode === 'drained') continue
        const consumed = await consume.ask({ from: one.from, count: one.observations })
        bare.consume.push(one.observations / consumed.seconds)
        await insert.ask({ prepare: { prefix: `bare-${i}`, runs, ranks, steps, domains, cadence } })
        const inserted = await insert.ask()
        bare.insert.push(inserted.rows / inserted.seconds)
        say(`kafkajs alone ${show(bare.consume.at(-1))}/s, chDB alone ${show(bare.insert.at(-1))}/s`)
      }
    }
    const peak = server.peakMemory()
    await server.stop()

    const slower = (i) => Math.min(bare.consume[i], bare.insert[i])
    const rates = (mode) => done[mode].map((one) => one.rate)
    const ratios = rates('overlapped').map((rate, i) => rate / slower(i))
    const goals = [
      {
        goal: 'at least 20,000 observations/s',
        value: `${show(median(rates('overlapped')))}/s`,
        met: median(rates('overlapped')) >= 20_000,
      },
      {
        goal: 'at least 0.7 of the slower of the two bare engines',
        value: ratio(ratios),
        met: median(ratios) >= 0.7,
      },
    ]

    await Promise.all([load.stop(), consume.stop(), insert.stop(), admin.disconnect()])

    const observations = runs * ranks * steps
    const column = (mode, key) => done[mode].map((one) => one[key])
    return {
      facts: [
        `${observations.toLocaleString('en-US')} observations a repetition: ${runs} runs × ${ranks} ranks × ${steps} steps of ${domains} domains, ODM, cadence ${cadence}; ${show(done.overlapped[0].bytes / observations)} bytes each. ${done.overlapped.length} repetitions on one server, after a warm-up; whole loop, bare consumption and bare insertion take turns.`,
        'The clock starts when the first message is sent (overlapped) or when the server is let go (drained), and stops when SQL over the history counts the last observation and the last decision of every run is committed; every run is then checked to have exactly the decisions it should have.',
        `Overlapped: another process sends the messages, made beforehand, with librdkafka as fast as Kafka takes them (${spread(column('overlapped', 'loadSeconds'), ' s')} of the time, ${spread(column('overlapped', 'loadCpuSeconds'), ' s')} of CPU); the server reads from the first message on. Drained: the server is held (SIGSTOP) until all is in Kafka.`,
      ],
      table: {
        head: ['', 'observations/s', 'domain losses/s', 'server CPU, s', 'CPU a message, µs'],
        rows: ['overlapped', 'drained']
          .map((mode) => [
            `whole loop, ${mode}`,
            spread(rates(mode)),
            show(median(rates(mode)) * domains),
            spread(column(mode, 'cpuSeconds')),
            spread(column(mode, 'cpuSeconds').map((seconds) => (seconds * 1e6) / observations)),
          ])
          .concat([
            [
              'kafkajs and JSON.parse alone',
              spread(bare.consume),
              show(median(bare.consume) * domains),
              '',
              '',
            ],
            ['chDB insert alone', spread(bare.insert), show(median(bare.insert) * domains), '', ''],
          ]),
      },
      goals,
      also: [
        `Peak memory of the server: ${show(peak / 2 ** 20)} MiB.`,
        budget(done.overlapped, observations),
      ],
      flatters: [
        'Messages come in large batches, uncompressed. Trainers send one at a time, in lz4: more, smaller batches cost broker and server more.',
        'Broker, PostgreSQL, load and server share the cores, which flatters nothing; nothing crosses a network, which does.',
        'The bare consumer keeps nothing and the bare insert is given finished text; each has the machine to itself.',
        'No acknowledgements come: trainers would add one small message a decision and rank.',
      ],
    }
  },

  /** One drained repetition under the profiler; the profile lies in the folder. */
  async profile({ stand, quick, folder }) {
    const admin = plainKafka(stand.brokers, 'bench').admin()
    await admin.connect()
    const load = await startChild('load', { brokers: stand.brokers })
    const server = await stand.startServer({ environment, profile: folder })
    const steps = quick ? 260 : 1570
    const { cpuSeconds, rate } = await wholeLoop({
      stand,
      server,
      load,
      admin,
      prefix: 'profiled',
      steps,
      mode: 'drained',
    })
    await server.stop()
    await Promise.all([load.stop(), admin.disconnect()])
    return {
      note: `${show((cpuSeconds * 1e6) / (runs * ranks * steps))} µs of CPU a message, ${show(rate)}/s, profiled`,
    }
  },
}

/** Where the time of two cores goes, and what they could do at most if they did nothing else. */
function budget(repetitions, observations) {
  const micros = (key) => (median(repetitions.map((one) => one[key])) * 1e6) / observations
  const [server, broker, ledger, load] = [
    'cpuSeconds',
    'brokerCpuSeconds',
    'ledgerCpuSeconds',
    'loadCpuSeconds',
  ].map(micros)
  const all = server + broker + ledger + load
  const cores = availableParallelism()
  return `What an observation costs the ${cores} cores, overlapped: server with its chDB ${show(server)} µs, broker ${show(broker)} µs, PostgreSQL ${show(ledger)} µs, load ${show(load)} µs, together ${show(all)} µs. That is a ceiling of ${show((cores * 1e6) / all)} observations/s with both cores busy to the last; a bare engine has the same cores to itself.`
}

// The server is held while the load is written; the group must not give it up meanwhile.
export const environment = { MIXDESK_KAFKA_SESSION_TIMEOUT_MS: '120000' }

export async function wholeLoop({ stand, server, load, admin, prefix, steps, mode }) {
  const shape = { prefix: `ingest-${prefix}`, runs, ranks, steps, domains, cadence }
  const { observations, bytes } = await load.ask({ prepare: shape })
  const from = (await admin.fetchTopicOffsets(topics.trainerEvents)).map(({ partition, high }) => [
    partition,
    high,
  ])
  const cpu = server.cpuSeconds()
  const beside = stand.cpuSeconds()
  const written = await server.counted(historyRows)
  let began = performance.now()
  let loaded
  if (mode === 'drained') {
    server.signal('SIGSTOP')
    try {
      loaded = await load.ask()
    } finally {
      began = performance.now()
      server.signal('SIGCONT')
    }
  } else loaded = load.ask()
  await untilDecided(stand, shape)
  const decidedSeconds = (performance.now() - began) / 1000
  await untilInHistory(server, shape, observations, written)
  const seconds = (performance.now() - began) / 1000
  const cpuSeconds = server.cpuSeconds() - cpu
  const after = stand.cpuSeconds()
  const load_ = await loaded
  return {
    ...{ observations, bytes, from, seconds, decidedSeconds, cpuSeconds },
    brokerCpuSeconds: after.broker - beside.broker,
    ledgerCpuSeconds: after.ledger - beside.ledger,
    rate: observations / seconds,
    loadSeconds: load_.seconds,
    loadCpuSeconds: load_.cpuSeconds,
  }
}

const historyRows = 'mixdesk_history_rows_total{kind="observations"}'

/** Every run has folded its last step and has as many versions as it asked questions. */
async function untilDecided(stand, { prefix, steps }) {
  const last = firstStep + steps - 1
  for (;;) {
    const [row] = await stand.query(
      `SELECT count(*)::int AS runs, count(*) FILTER (WHERE step = $2)::int AS done, count(*) FILTER (WHERE step = $2 AND version = $3)::int AS exact FROM runs WHERE run LIKE $1 || '-%'`,
      [prefix, last, 1 + steps / cadence],
    )
    if (row.done === runs) {
      if (row.exact !== runs)
        throw new Error(
          `${prefix}: ${runs - row.exact} runs have another number of decisions than they should.`,
        )
      return
    }
    await delay(50)
  }
}

async function untilInHistory(server, { prefix }, observations, writtenBefore) {
  // Counting rows over and over would take the time from writing them: first the server's own count, then the history's.
  while ((await server.counted(historyRows)) - writtenBefore < observations) await delay(20)
  for (;;) {
    const [[count]] = await server.sql(`SELECT count() FROM observations WHERE startsWith(run, '${prefix}-')`)
    if (Number(count) > observations)
      throw new Error(`${prefix}: the history holds ${count} observations of ${observations}.`)
    if (Number(count) === observations) return
    await delay(50)
  }
}
