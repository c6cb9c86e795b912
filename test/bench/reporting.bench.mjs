// What a step's report costs the training loop, beside what people report with today.
import { median, show, spread } from './support/numbers.mjs'
import { besideServer, measured } from './support/python.mjs'

export const reporting = {
  name: 'reporting',
  title: 'Reporting beside tensorboardX and MLflow',
  question:
    'What does it cost the loop to report the losses and token counts of 32 domains, here, with tensorboardX and with MLflow?',

  async run({ stand, quick }) {
    const rounds = quick ? 2 : 3
    const steps = quick ? 100 : 300
    const sizes = ['--steps', String(steps), '--rounds', String(rounds)]
    const { tools } = await besideServer(stand, (brokers) =>
      measured('tools', 'reporting.py', ...sizes, ...brokers),
    )
    const times = (tool) => median(tool.p50) / median(tools.mixdesk.p50)
    return {
      facts: [
        `\`apps/trainer/bench/reporting.py\`: ${rounds} rounds of ${steps} steps with each, by turns, on the same numbers. tensorboardX writes scalars to a folder, one call each, for its interface has no other; MLflow gets one \`log_metrics\` a step and keeps them in a local SQLite database, waiting for it and asynchronously; Mixdesk gets one \`log_losses\` and sends it to Kafka. "End" is what closing takes: what was put off comes due there.`,
      ],
      table: {
        head: ['µs a step', 'p50', 'p99', 'p50 beside Mixdesk', 'end, s'],
        rows: Object.entries(tools).map(([name, tool]) => [
          name,
          spread(tool.p50),
          spread(tool.p99),
          `${show(times(tool))} ×`,
          spread(tool.end),
        ]),
      },
      goals: [],
      flatters: [
        'Mixdesk takes the arrays as they are; the others want names and numbers one by one, which is part of what they cost.',
        'A tracking server of MLflow over HTTP would cost the waiting call more than this database does.',
      ],
    }
  },
}
