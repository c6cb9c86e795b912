// How long reporting keeps a training loop. Python measures itself; this only reads what it says.
import { median, spread } from './support/numbers.mjs'
import { besideServer, printed } from './support/python.mjs'

export const trainerCalls = {
  name: 'trainer',
  title: 'Reporting from the training loop',
  question:
    'How long does `run.log_losses` (and `run.boundary` before it) keep a training loop of 32 domains?',

  async run({ stand, quick }) {
    const rounds = quick ? 2 : 5
    const calls = quick ? 4000 : 20_000
    const taken = new Map()
    await besideServer(stand, async (brokers) => {
      for (let round = 0; round < rounds; round++) {
        const text = await printed(
          'client',
          'log_losses.py',
          ...['--domains', '32', '--calls', String(calls), ...brokers],
        )
        for (const [, what, p50, p99] of text.matchAll(/^(.+?): p50 ([\d.]+) µs, p99 ([\d.]+) µs/gm)) {
          if (!taken.has(what)) taken.set(what, { p50: [], p99: [] })
          taken.get(what).p50.push(Number(p50))
          taken.get(what).p99.push(Number(p99))
        }
      }
    })
    const inLoop = taken.get('boundary and log_losses, in a training loop')
    const worst = spread(inLoop.p99, ' µs')
    return {
      facts: [
        `\`apps/trainer/bench/log_losses.py\`, ${rounds} times; ${calls / 4} calls in a training loop (matrix products of about a millisecond in between) and ${calls} back to back, into a Kafka and a server that take them in. "Bare copy" is the same loop with nothing but a copy of the two arrays: its tail is the machine's.`,
      ],
      table: {
        head: ['µs a call', 'p50', 'p99'],
        rows: [...taken].map(([what, { p50, p99 }]) => [what, spread(p50), spread(p99)]),
      },
      goals: [
        {
          goal: 'p99 below 100 µs at 32 domains, in a training loop',
          value: worst,
          met: median(inLoop.p99) < 100,
        },
      ],
      flatters: [
        'The products run on one thread, so the sending thread finds a free core; a training loop that keeps all cores busy waits longer in the tail.',
        'Back to back is harder than life: no training step is that short.',
      ],
    }
  },
}
