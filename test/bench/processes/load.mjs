// Trainers' reports, made beforehand and then sent as fast as Kafka takes them: {prepare: shape}, then {go: true}.
import { topics } from '@mixdesk/contracts'
import { createKafkaMessaging } from '@mixdesk/messaging'
import { serve } from '../support/child.mjs'
import { firstStep, lossesOf, messageOf, runNamed, startOf } from '../support/wire.mjs'

/** Messages of one run in one send; sends in flight. */
const chunk = 320
const inFlight = 24

serve(async ({ brokers, compression = 'none' }) => {
  const messaging = createKafkaMessaging({ brokers, clientId: 'bench-load', producer: { compression } })
  await messaging.start()
  let chunks = []

  function prepare(shape) {
    const { prefix, runs, ranks, steps } = shape
    let bytes = 0
    chunks = []
    const names = Array.from({ length: runs }, (_, i) => runNamed(prefix, i))
    chunks.push(names.map((run) => messageOf('run.started', run, startOf(run, shape))))
    const stepsAChunk = Math.max(1, Math.floor(chunk / ranks))
    for (let from = 0; from < steps; from += stepsAChunk)
      for (const run of names) {
        const messages = []
        for (let step = from; step < Math.min(steps, from + stepsAChunk); step++)
          for (let rank = 0; rank < ranks; rank++)
            messages.push(messageOf('losses.measured', run, lossesOf(run, shape, firstStep + step, rank)))
        for (const { value } of messages) bytes += value.length
        chunks.push(messages)
      }
    return { observations: runs * ranks * steps, bytes }
  }

  async function go() {
    const began = performance.now()
    const cpu = process.cpuUsage()
    await messaging.send(topics.trainerEvents, chunks[0])
    let next = 1
    const work = async () => {
      while (next < chunks.length) await messaging.send(topics.trainerEvents, chunks[next++])
    }
    await Promise.all(Array.from({ length: inFlight }, work))
    chunks = []
    const { user, system } = process.cpuUsage(cpu)
    return { seconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 }
  }

  return {
    handle: (question) => (question.prepare === undefined ? go() : prepare(question.prepare)),
    stop: () => messaging.stop(),
  }
})
