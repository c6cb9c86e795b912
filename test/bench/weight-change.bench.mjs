// What a new mixture costs a sampler: ours reads it, torchdata's has to be made anew.
import { show } from './support/numbers.mjs'
import { measured } from './support/python.mjs'

export const weightChange = {
  name: 'weight-change',
  title: 'A weight change',
  question:
    "How long is it from new weights to the next sample, here and with torchdata's MultiNodeWeightedSampler made anew?",
  alone: true,

  async run({ quick }) {
    const changes = quick ? 50 : 200
    const found = await measured('torch', 'weight_change.py', '--changes', String(changes))
    return {
      facts: [
        `\`apps/trainer/bench/weight_change.py\`: ${changes} changes each, by turns; torch ${found.versions.torch}, torchdata ${found.versions.torchdata}. torchdata's sampler keeps its weights from its construction on: it is made anew from the state of the old one. "Draw" is a sample between changes.`,
      ],
      table: {
        head: ['domains', 'sampler', 'change → sample, µs', '95th of 100', 'draw, µs'],
        rows: Object.entries(found.domains).flatMap(([domains, ways]) =>
          Object.entries(ways).map(([name, way]) => [
            domains,
            name,
            show(way.changeToSampleMicros),
            show(way.changeToSampleMicrosP95),
            show(way.drawMicros),
          ]),
        ),
      },
      goals: [],
      flatters: [
        "torchdata's steady draw is the cheaper one, and it takes no weight of zero.",
        'A loader with workers that is made anew starts its processes again, which takes seconds and is not counted.',
      ],
    }
  },
}
