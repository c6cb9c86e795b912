// What a live run costs a server in memory.
import { createKafkaMessaging } from '@mixdesk/messaging'
import { topics } from '@mixdesk/contracts'
import { setTimeout as delay } from 'node:timers/promises'
import { show } from './support/numbers.mjs'
import { firstStep, lossesOf, messageOf, runNamed, startOf } from './support/wire.mjs'

const shape = { domains: 24, ranks: 1, cadence: 10 }

export const memory = {
  name: 'memory',
  title: 'Memory at 1,000 live runs',
  question:
    'How much memory does one server take that holds 1,000 runs of 24 domains, with its history engine in the same process?',

  async run({ stand, quick }) {
    const runs = quick ? 200 : 1000
    const steps = 40
    const server = await stand.startServer()
    const messaging = createKafkaMessaging({ brokers: stand.brokers, clientId: 'bench-memory' })
    await messaging.start()
    await delay(2000)
    const before = server.memory()
    const names = Array.from({ length: runs }, (_, i) => runNamed('memory', i))
    await messaging.send(
      topics.trainerEvents,
      names.map((run) => messageOf('run.started', run, startOf(run, shape))),
    )
    // Step by step, as a thousand trainers would report.
    for (let step = firstStep; step < firstStep + steps; step++)
      await messaging.send(
        topics.trainerEvents,
        names.map((run) => messageOf('losses.measured', run, lossesOf(run, shape, step, 0))),
      )
    for (;;) {
      const [{ done }] = await stand.query(
        "SELECT count(*)::int AS done FROM runs WHERE run LIKE 'memory-%' AND step = $1 AND version = $2",
        [firstStep + steps - 1, 1 + steps / shape.cadence],
      )
      const [[written]] = await server.sql(
        "SELECT count() FROM observations WHERE startsWith(run, 'memory-')",
      )
      if (done === runs && Number(written) === runs * steps) break
      await delay(100)
    }
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    const live = Number(/^mixdesk_live_runs (\d+)/m.exec(metrics)?.[1])
    const heap = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(metrics)?.[1])
    // What is left once nothing happens any more.
    await delay(3000)
    const after = server.memory()
    const peak = server.peakMemory()
    await messaging.stop()
    await server.stop()
    const mebibytes = (bytes) => show(bytes / 2 ** 20)
    return {
      facts: [
        `${runs.toLocaleString('en-US')} runs of one rank and 24 domains, ODM, cadence ${shape.cadence}, ${steps} steps each, reported step by step; ${live} desks live at the end. Resident memory as the system counts it (VmRSS, VmHWM), once.`,
      ],
      table: {
        head: ['MiB', 'before', 'after', 'peak', 'JavaScript heap'],
        rows: [['server', mebibytes(before), mebibytes(after), mebibytes(peak), mebibytes(heap)]],
      },
      goals: [
        {
          goal: 'below 1 GB at 1,000 live runs',
          value: `${mebibytes(peak)} MiB at the peak, with ${live} runs`,
          met: peak < 1e9 && live >= runs,
        },
      ],
      flatters: [
        'Runs of one rank, without signals, whose trainers report evenly: what waits for slow ranks would be more.',
        'A young history: chDB takes more memory to merge and to answer over large parts.',
      ],
    }
  },
}
