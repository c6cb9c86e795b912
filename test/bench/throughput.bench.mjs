// Whether training is slower for being mixed by Mixdesk.
import { pairedDifference } from '../../scripts/worlds/paired.mjs'
import { show } from './support/numbers.mjs'
import { measured } from './support/python.mjs'

const percent = (share) => `${(100 * share).toFixed(2)} %`

export const throughput = {
  name: 'throughput',
  title: 'Training throughput',
  question: 'How much slower is training with Mixdesk: sampling by its mixture, losses by domain, reports?',

  async run({ stand, quick, say }) {
    const server = await stand.startServer()
    const pairs = quick ? 3 : 10
    const blocks = quick ? 4 : 6
    const rows = []
    const goals = []
    // All cores busy with the products, and one left to the client's threads, the broker and the server.
    for (const threads of [1, 2]) {
      const slower = []
      const steps = []
      for (let pair = 0; pair < pairs; pair++) {
        const taken = await measured(
          'torch',
          'throughput.py',
          ...['--threads', String(threads), '--blocks', String(blocks), '--brokers', stand.brokers.join(',')],
        )
        const seconds = (way) => taken[way].reduce((sum, one) => sum + one, 0)
        slower.push(seconds('with') / seconds('without') - 1)
        steps.push((1000 * seconds('without')) / (blocks * taken.steps))
        say(`${threads} threads: ${percent(slower.at(-1))} slower, mixture ${taken.version} in the end`)
      }
      const { mean, halfWidth } = pairedDifference(slower, Array(pairs).fill(0))
      const [least, most] = [mean - halfWidth, mean + halfWidth]
      rows.push([
        String(threads),
        show(steps.reduce((sum, one) => sum + one, 0) / steps.length),
        percent(mean),
        `${percent(least)} to ${percent(most)}`,
        `${percent(Math.min(...slower))} to ${percent(Math.max(...slower))}`,
      ])
      goals.push({
        goal: `less than 0.5 % slower, products on ${threads} of 2 cores`,
        value: `${percent(mean)} (95 %: ${percent(least)} to ${percent(most)})`,
        met: mean < 0.005,
      })
    }
    await server.stop()
    return {
      facts: [
        `\`apps/trainer/bench/throughput.py\`: a small GPT on the processor (8 domains, 32 sequences of 64 tokens a step), ${pairs} processes for each row, each with ${blocks} blocks of 25 steps of both kinds by turns (A B B A), so that both meet the same moods of the machine. Without Mixdesk: an even sampler and the mean loss. With it: the sampler that follows the mixture, \`boundary\`, losses summed by domain, \`log\`, through Kafka to a server that decides every 10 steps (ODM).`,
        'The interval is Student’s, over the processes. Broker and server run on the same two cores as the training, which they would not.',
      ],
      table: {
        head: ['threads of PyTorch', 'ms a step without', 'slower', '95 % interval', 'least to most'],
        rows,
      },
      goals,
      flatters: [
        'A step of these is long against what a report costs; a step of a millisecond would feel it.',
      ],
    }
  },
}
