// Whether training is slower for being mixed by Mixdesk.
import { pairedDifference } from '../../scripts/worlds/paired.mjs'
import { show } from './support/numbers.mjs'
import { besideServer, measured } from './support/python.mjs'

const percent = (share) => `${(100 * share).toFixed(2)} %`

export const throughput = {
  name: 'throughput',
  title: 'Training throughput',
  question: 'How much slower is training with Mixdesk: sampling by its mixture, losses by domain, reports?',

  async run({ stand, quick, say }) {
    const pairs = quick ? 3 : 10
    const blocks = quick ? 2 : 4
    const slower = { wall: [], cpu: [] }
    const steps = []
    await besideServer(stand, async (brokers) => {
      for (let pair = 0; pair < pairs; pair++) {
        const taken = await measured(
          'torch',
          'throughput.py',
          ...['--threads', '1', '--blocks', String(blocks), ...brokers],
        )
        const seconds = (clock, way) => taken[clock][way].reduce((sum, one) => sum + one, 0)
        for (const clock of ['wall', 'cpu'])
          slower[clock].push(seconds(clock, 'with') / seconds(clock, 'without') - 1)
        steps.push((1000 * seconds('wall', 'without')) / (blocks * taken.steps))
        say(`${percent(slower.wall.at(-1))} slower, ${percent(slower.cpu.at(-1))} more CPU`)
      }
    })
    const read = (clock) => {
      const { mean, halfWidth } = pairedDifference(slower[clock], Array(pairs).fill(0))
      return { mean, interval: `${percent(mean - halfWidth)} to ${percent(mean + halfWidth)}` }
    }
    const row = (what, clock) => [
      what,
      percent(read(clock).mean),
      read(clock).interval,
      `${percent(Math.min(...slower[clock]))} to ${percent(Math.max(...slower[clock]))}`,
    ]
    const rows = [row('by the clock', 'wall'), row('CPU of the training process', 'cpu')]
    const goals = [
      {
        goal: 'less than 0.5 % slower, by the clock',
        value: `${percent(read('wall').mean)} (95 %: ${read('wall').interval})`,
        met: read('wall').mean < 0.005,
      },
    ]
    return {
      facts: [
        `\`apps/trainer/bench/throughput.py\`: a small GPT on the processor (8 domains, 32 sequences of 64 tokens a step), ${pairs} processes, each with ${blocks} blocks of 25 steps of both kinds by turns (A B B A), of ${show(steps.reduce((sum, one) => sum + one, 0) / pairs)} ms a step on one thread of PyTorch. Without Mixdesk: an even sampler and the mean loss. With it: the sampler that follows the mixture, \`boundary\`, losses summed by domain, \`log\`, through Kafka to a server that decides every 10 steps (ODM).`,
        'The interval is Student’s, over the processes. Broker and server run on the same two cores as the training, which they would not.',
      ],
      table: {
        head: ['with Mixdesk', 'more', '95 % interval', 'least to most'],
        rows,
      },
      goals,
      flatters: [
        'A step of these is long against what a report costs; a step of a millisecond would feel it.',
        'The client’s threads find a free core. CPU time counts all threads of the process, so it bounds what is lost where none is free.',
      ],
    }
  },
}
