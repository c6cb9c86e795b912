// What the client takes of a trainer's memory.
import { show } from './support/numbers.mjs'
import { besideServer, measured } from './support/python.mjs'

export const clientMemory = {
  name: 'client-memory',
  title: 'Memory of the client',
  question: 'How much memory does reporting take in the trainer, with Kafka there and with Kafka away?',

  async run({ stand, quick }) {
    const steps = String(quick ? 5000 : 30_000)
    const taken = (options) => measured('client', 'memory.py', '--steps', steps, ...options)
    const { there, away } = await besideServer(stand, async (brokers) => ({
      there: await taken(brokers),
      away: await taken(['--away']),
    }))
    const row = (name, one) => [
      name,
      show(one.imported - one['with librdkafka']),
      show(one.started - one.imported),
      show(one['most while reporting'] - one.started),
      show(one.spooled),
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
