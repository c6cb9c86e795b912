// What the client takes of a trainer's memory.
import { show } from './support/numbers.mjs'
import { measured } from './support/python.mjs'

export const clientMemory = {
  name: 'client-memory',
  title: 'Memory of the client',
  question: 'How much memory does reporting take in the trainer, with Kafka there and with Kafka away?',

  async run({ stand, quick }) {
    const server = await stand.startServer()
    const steps = String(quick ? 5000 : 30_000)
    const there = await measured(
      'client',
      'memory.py',
      '--steps',
      steps,
      '--brokers',
      stand.brokers.join(','),
    )
    const away = await measured('client', 'memory.py', '--steps', steps, '--away')
    await server.stop()
    const row = (name, taken) => [
      name,
      show(taken.imported - taken['with librdkafka']),
      show(taken.started - taken.imported),
      show(taken['most while reporting'] - taken.started),
      show(taken.spooled),
    ]
    return {
      facts: [
        `\`apps/trainer/bench/memory.py\`: ${Number(steps).toLocaleString('en-US')} steps of 32 domains, far faster than training. Resident memory as the system counts it, once: Python alone ${show(there.python)} MiB, with librdkafka ${show(there['with librdkafka'])} MiB.`,
      ],
      table: {
        head: ['MiB', 'import', 'start', 'reporting, at most', 'spool on disk in the end'],
        rows: [row('Kafka there', there), row('Kafka away', away)],
      },
      goals: [],
      flatters: [],
    }
  },
}
