// From a command to the first batch under its mixture.
import { median, quantile, ratio, show } from './support/numbers.mjs'
import { besideServer, measured } from './support/python.mjs'

export const firstBatch = {
  name: 'first-batch',
  title: 'From a command to its first batch',
  question:
    'How long is it from a `mixture.set` being sent to the first batch drawn by it, and how much of that is Kafka and the step it falls into?',

  async run({ stand, quick }) {
    const commands = quick ? 60 : 300
    const rows = []
    let ratios = []
    await besideServer(stand, async (brokers) => {
      for (const stepMs of [1, 20]) {
        const { firstBatch: ours, bare } = await measured(
          'client',
          'first_batch.py',
          ...['--commands', String(commands), '--step-ms', String(stepMs), ...brokers],
        )
        const row = (what, times) => [
          `${stepMs} ms`,
          what,
          ...[0.5, 0.95, 0.99].map((q) => show(quantile(times, q))),
        ]
        rows.push(row('command → first batch under it', ours), row('command → bare consumer', bare))
        if (stepMs === 1) ratios = [median(ours) / median(bare)]
      }
    })
    return {
      facts: [
        `\`apps/trainer/bench/first_batch.py\`: ${commands} commands for 32 domains at moments unrelated to the steps, one at a time. A training loop of steps of the given length takes mixtures at its boundaries; a bare \`confluent-kafka\` consumer in the same process notes the same messages. A mixture waits for the boundary, half a step on average and a whole one at most; nothing is reloaded.`,
        `At steps of 1 ms: ${ratio(ratios)} the bare consumer's median.`,
      ],
      table: { head: ['step', 'ms', 'p50', 'p95', 'p99'], rows },
      goals: [],
      flatters: [
        'Batches that a data loader has drawn ahead are not counted: with workers, the first new batch comes as many batches later as were drawn ahead.',
      ],
    }
  },
}
