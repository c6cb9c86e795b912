// How fast a recorded run is replayed: over HTTP with the history in between, and the fold alone.
import { createReplay } from '@mixdesk/mixture'
import { startChild } from './support/child.mjs'
import { median, ratio, show, spread } from './support/numbers.mjs'
import { setTimeout as delay } from 'node:timers/promises'
import { firstStep, lossesOf, runNamed, startOf } from './support/wire.mjs'

const domains = 24
const ranks = 8
const cadence = 10

export const replay = {
  name: 'replay',
  title: 'Replay',
  question:
    'How many recorded domain losses a second does one core replay, through `POST /v1/runs/{run}/replay` and in the fold alone?',

  async run({ stand, quick }) {
    const steps = quick ? 800 : 5200
    const repetitions = quick ? 3 : 7
    const shape = { prefix: 'replay', runs: 1, ranks, steps, domains, cadence }
    const { server, run } = await recorded(stand, shape)

    const messages = [...messagesOf(shape, run)]
    const through = []
    const choices = [{}, { policy: 'odm', config: { variant: 'paper' } }]
    const others = []
    const fold = []
    for (let i = 0; i <= repetitions; i++) {
      const [same, other] = [await replayed(server, run, choices[0]), await replayed(server, run, choices[1])]
      if (same.result.kind !== 'same' || same.result.identical === false)
        throw new Error(JSON.stringify(same.result).slice(0, 500))
      const alone = foldAlone(shape, run, messages)
      // The first one warms up.
      if (i === 0) continue
      through.push(same)
      others.push(other)
      fold.push(alone)
    }
    await server.stop()

    const losses = ranks * steps * domains
    const perSecond = (list) => list.map(({ seconds }) => losses / seconds)
    const perCpu = (list) => list.map(({ cpuSeconds }) => losses / cpuSeconds)
    const rates = perSecond(through)
    return {
      facts: [
        `A run of ${ranks} ranks × ${steps} steps × ${domains} domains (${losses.toLocaleString('en-US')} domain losses, ${steps / cadence} decisions), ODM, recorded through Kafka. ${repetitions} repetitions after a warm-up; HTTP and fold by turns. Replay uses one thread for the fold; the history is read ahead on another.`,
      ],
      table: {
        head: ['domain losses/s', 'by the clock', 'by CPU seconds of all threads'],
        rows: [
          ['POST /v1/runs/{run}/replay, same policy', spread(rates), spread(perCpu(through))],
          ['POST /v1/runs/{run}/replay, another policy', spread(perSecond(others)), spread(perCpu(others))],
          ['fold alone, same policy', spread(perSecond(fold)), spread(perCpu(fold))],
          ['ratio, replay to fold', ratio(rates.map((rate, i) => rate / perSecond(fold)[i])), ''],
        ],
      },
      goals: [
        {
          goal: 'at least 1,000,000 domain losses/s through HTTP, by the clock',
          value: `${show(median(rates))}/s`,
          met: median(rates) >= 1e6,
        },
        {
          goal: 'at least 1,000,000 domain losses/s per core',
          value: `${show(median(perCpu(through)))} per CPU second`,
          met: median(perCpu(through)) >= 1e6,
        },
      ],
      flatters: ['The run lies in the page cache, in few parts, with no other run between its rows.'],
    }
  },

  async profile({ stand, quick, folder }) {
    const shape = { prefix: 'replay-profiled', runs: 1, ranks, steps: quick ? 800 : 5200, domains, cadence }
    const { server, run } = await recorded(stand, shape, folder)
    const taken = []
    for (let i = 0; i < 8; i++) taken.push(await replayed(server, run, {}))
    await server.stop()
    return {
      note: `${show((ranks * shape.steps * domains) / median(taken.map(({ seconds }) => seconds)))} domain losses/s, profiled, recording included`,
    }
  },
}

async function recorded(stand, shape, profile) {
  const server = await stand.startServer(profile === undefined ? {} : { profile })
  const load = await startChild('load', { brokers: stand.brokers })
  const { observations } = await load.ask({ prepare: shape })
  await load.ask()
  await load.stop()
  const run = runNamed(shape.prefix, 0)
  for (;;) {
    const [[written]] = await server.sql(`SELECT count() FROM observations WHERE run = '${run}'`)
    const [row] = await stand.query('SELECT version::int AS version FROM runs WHERE run = $1', [run])
    if (Number(written) === observations && row?.version === 1 + shape.steps / cadence) return { server, run }
    await delay(100)
  }
}

async function replayed(server, run, choice) {
  const cpu = server.cpuSeconds()
  const began = performance.now()
  const response = await fetch(`${server.url}/v1/runs/${run}/replay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(choice),
  })
  const text = await response.text()
  const seconds = (performance.now() - began) / 1000
  const cpuSeconds = server.cpuSeconds() - cpu
  const last = JSON.parse(text.trimEnd().split('\n').at(-1))
  if (last.result === undefined) throw new Error(text.slice(-500))
  return { seconds, cpuSeconds, result: last.result }
}

function* messagesOf(shape, run) {
  let offset = 0
  for (let step = firstStep; step < firstStep + shape.steps; step++)
    for (let rank = 0; rank < ranks; rank++)
      yield { name: 'losses.measured', data: lossesOf(run, shape, step, rank), offset: ++offset }
}

function foldAlone(shape, run, messages) {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const folding = createReplay(startOf(run, shape), { kind: 'same' })
  for (const message of messages) folding.take(message)
  const decided = folding.decisions().length
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  if (decided !== 1 + shape.steps / cadence) throw new Error(`The fold made ${decided} decisions.`)
  return { seconds, cpuSeconds: (user + system) / 1e6 }
}
