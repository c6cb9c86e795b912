import { typeOf } from '@mixdesk/contracts'
import { soundFault, type Envelope, type Event, type Habits } from './foreign-client.js'

export type Mutant = {
  readonly what: string
  /** The rule that must be broken. */
  readonly rule: string
  /** Rules that cannot but break with it. */
  readonly also?: readonly string[]
  readonly habits: Partial<Habits>
}

/** Changes the message of one kind of event. */
const message = (
  name: string,
  change: (envelope: Envelope, event: Event) => Envelope | Envelope[],
): Partial<Habits> => ({
  wrap: (event, sound) => {
    const envelope = sound(event)
    return event.name === name ? [change(envelope, event)].flat() : [envelope]
  },
})
/** Changes the data of the losses. */
const losses = (change: (data: Record<string, unknown>) => object): Partial<Habits> =>
  message('losses.measured', (envelope, { data }) => ({
    ...envelope,
    value: JSON.stringify({ ...data, ...change(data) }),
  }))
const header = (name: string, text: string | undefined): Partial<Habits> =>
  message('losses.measured', (envelope) => {
    const { [name]: _, ...headers } = envelope.headers
    return { ...envelope, headers: text === undefined ? headers : { ...headers, [name]: text } }
  })

const metricsAtStep3: Partial<Habits> = {
  extra: (step, run) =>
    step === 3
      ? [{ name: 'metrics.logged', data: { run, attempt: 1, step, names: ['lr'], values: [0.1] } }]
      : [],
}

const sums = (data: Record<string, unknown>) => data['lossSum'] as number[]
const counts = (data: Record<string, unknown>) => data['tokens'] as number[]
const isOdd = (data: Record<string, unknown>) => (data['step'] as number) % 2 === 1

export const mutants: readonly Mutant[] = [
  {
    what: 'a client that writes NaN',
    rule: 'event.finite',
    also: ['losses.ranks'],
    habits: message('losses.measured', (envelope, { data }) =>
      data['step'] === 5
        ? { ...envelope, value: envelope.value.replace(/"lossSum":\[[^,]+/, '"lossSum":[NaN') }
        : envelope,
    ),
  },
  {
    what: 'a client that cuts its JSON short',
    rule: 'event.json',
    also: ['losses.ranks'],
    habits: message('losses.measured', (envelope, { data }) =>
      data['step'] === 5 ? { ...envelope, value: envelope.value.slice(0, -5) } : envelope,
    ),
  },
  {
    what: 'a client that sends a huge event',
    rule: 'event.size',
    habits: message('run.started', (envelope, { data }) => ({
      ...envelope,
      value: JSON.stringify({ ...data, params: { padding: 'x'.repeat(1_100_000) } }),
    })),
  },
  { what: 'a client without ce_id', rule: 'event.headers', habits: header('ce_id', undefined) },
  { what: 'a client with CloudEvents 0.3', rule: 'event.headers', habits: header('ce_specversion', '0.3') },
  { what: 'a client without a time', rule: 'event.time', habits: header('ce_time', undefined) },
  {
    what: 'a client with a type of its own',
    rule: 'event.type',
    habits: { extra: (step, run) => (step === 3 ? [{ name: 'loss.measured', data: { run } }] : []) },
  },
  {
    what: 'a client with texts for numbers',
    rule: 'event.schema',
    also: ['losses.ranks'],
    habits: losses((data) => (data['step'] === 5 ? { tokens: counts(data).map(String) } : {})),
  },
  {
    what: 'a client with arrays of unequal length',
    rule: 'event.schema',
    also: ['losses.ranks'],
    habits: losses((data) => (data['step'] === 5 ? { lossSum: sums(data).slice(1) } : {})),
  },
  { what: 'a client with one id for all', rule: 'event.id', habits: header('ce_id', 'the-event') },
  {
    what: 'a client that counts attempts from 0 in its evaluations',
    rule: 'event.attempt',
    habits: {
      extra: (step, run) =>
        step === 3 ? [{ name: 'evaluation.measured', data: { run, attempt: 2, step, loss: [1, 2, 3] } }] : [],
    },
  },
  {
    what: 'a client that uses the rank as the key',
    rule: 'kafka.key',
    habits: {
      ...metricsAtStep3,
      ...message('metrics.logged', (envelope) => ({ ...envelope, key: 'rank-0' })),
    },
  },
  {
    what: 'a client with a partitioner of its own',
    rule: 'kafka.partition',
    habits: {
      ...metricsAtStep3,
      // One of the two is not the partition of murmur2.
      ...message('metrics.logged', (envelope) => [0, 1].map((partition) => ({ ...envelope, partition }))),
    },
  },
  {
    what: 'a client that starts after its first losses',
    rule: 'start.first',
    habits: { order: 'start later' },
  },
  {
    what: 'a client that starts again with other domains',
    rule: 'start.once',
    habits: {
      extra: (step, run) =>
        step === 9
          ? [
              {
                name: 'run.started',
                data: {
                  run,
                  project: 'p',
                  attempt: 1,
                  domains: [{ name: 'web' }],
                  policy: { name: 'odm' },
                  ranks: 2,
                },
              },
            ]
          : [],
    },
  },
  {
    what: 'a client with a domain too many',
    rule: 'losses.domains',
    habits: losses((data) => ({ tokens: [...counts(data), 1], lossSum: [...sums(data), 1] })),
  },
  {
    what: 'a client that counts ranks from 1',
    rule: 'losses.rank',
    also: ['losses.ranks', 'mixture.applied', 'commands.ignored', 'kit.end'],
    habits: losses((data) => ({ rank: (data['rank'] as number) + 1 })),
  },
  {
    what: 'a client that leaves every second report of rank 1 out',
    rule: 'losses.ranks',
    habits: message('losses.measured', (envelope, { data }) =>
      data['rank'] === 1 && isOdd(data) ? [] : envelope,
    ),
  },
  {
    what: 'a client that reports micro-batches one by one',
    rule: 'losses.once',
    habits: message('losses.measured', (envelope, { data }) => [
      envelope,
      {
        ...envelope,
        value: JSON.stringify({ ...data, lossSum: sums(data).map((sum) => sum / 2) }),
        headers: { ...envelope.headers, ce_id: `${envelope.headers['ce_id']}-2` },
      },
    ]),
  },
  {
    what: 'a client that reuses steps',
    rule: 'losses.once',
    also: ['mixture.boundary'],
    habits: losses((data) => ({ step: (data['step'] as number) - ((data['step'] as number) % 2) })),
  },
  {
    what: 'a client whose steps go backwards',
    rule: 'losses.order',
    also: ['mixture.boundary', 'losses.version-lags'],
    habits: losses((data) => ({ step: (data['step'] as number) ^ 1 })),
  },
  {
    what: 'a client that sends means',
    rule: 'losses.sums',
    habits: losses((data) => ({ lossSum: sums(data).map((sum, i) => sum / Math.max(1, counts(data)[i]!)) })),
  },
  {
    what: 'a client that names versions nobody sent',
    rule: 'losses.version',
    habits: { reported: (version, step) => (step === 7 ? 77 : version) },
  },
  {
    what: 'a client that goes back to an older version',
    rule: 'losses.version-falls',
    also: ['losses.version-lags', 'mixture.followed'],
    habits: { reported: (version, step) => (step % 3 === 0 ? 0 : version) },
  },
  {
    what: 'a client that never names a version above 0',
    rule: 'losses.version-lags',
    habits: { reported: () => 0 },
  },
  {
    what: 'a client that reports under mixtures it never acknowledged',
    rule: 'losses.version-acknowledged',
    also: ['mixture.applied', 'commands.ignored', 'kit.end'],
    habits: { acknowledges: false },
  },
  {
    what: 'a client of which one rank stops acknowledging',
    rule: 'mixture.applied',
    also: ['losses.version-acknowledged', 'kit.end'],
    habits: message('mixture.applied', (envelope, { data }) =>
      data['rank'] === 1 && (data['version'] as number) > 1 ? [] : envelope,
    ),
  },
  {
    what: 'a client that acknowledges nothing',
    rule: 'commands.ignored',
    also: ['kit.end'],
    habits: { mayTake: () => false },
  },
  {
    what: "a client that takes its neighbour's mixtures",
    rule: 'mixture.sent',
    also: [
      'commands.ignored',
      'losses.version',
      'mixture.applied',
      'kit.end',
      'finish.stop',
      'finish.last',
      'process.ends',
      'losses.domains',
    ],
    habits: {
      reads: ({ type }) => type === typeOf('mixture.set'),
      fault: (mixture) => (mixture.version === 900 ? undefined : soundFault(mixture)),
      stops: () => false,
    },
  },
  {
    what: 'a client that takes the mixture of an attempt that is over',
    rule: 'mixture.sent',
    also: ['losses.version'],
    habits: { attempt: 2, mayTake: (mixture, step) => mixture.fromStep <= step },
  },
  {
    what: 'a client that acknowledges early',
    rule: 'mixture.from-step',
    habits: { mayTake: () => true },
  },
  {
    what: 'a client that takes a version twice',
    rule: 'mixture.once',
    also: ['mixture.order', 'losses.version-falls', 'losses.version-lags'],
    habits: { isNews: () => true },
  },
  {
    what: 'a client that takes the newest, then the one before',
    rule: 'mixture.order',
    also: ['losses.version-lags'],
    habits: {
      choose: (waiting) => {
        const has = (version: number) => waiting.some((mixture) => mixture.version === version)
        return has(3) && !has(4) ? [] : [...waiting].reverse()
      },
    },
  },
  {
    what: 'a client whose ranks take mixtures at steps of their own',
    rule: 'mixture.same-step',
    habits: message('mixture.applied', (envelope, { data }) => ({
      ...envelope,
      value: JSON.stringify({ ...data, step: (data['step'] as number) + (data['rank'] as number) }),
    })),
  },
  {
    what: 'a client that acknowledges with the step it has reported',
    rule: 'mixture.boundary',
    also: ['mixture.from-step'],
    habits: message('mixture.applied', (envelope, { data }) => ({
      ...envelope,
      value: JSON.stringify({ ...data, step: Math.max(0, (data['step'] as number) - 1) }),
    })),
  },
  {
    what: 'a client that samples as it likes',
    rule: 'mixture.followed',
    habits: { sample: () => [1 / 3, 1 / 3, 1 / 3] },
  },
  {
    what: 'a client that applies whatever it gets',
    rule: 'refuse.unusable',
    also: ['losses.version', 'mixture.followed'],
    habits: { fault: () => undefined, sample: () => [0.9, 0.05, 0.05] },
  },
  {
    what: 'a client that passes over what it should refuse',
    rule: 'refuse.unusable',
    also: ['commands.loss-multiplier'],
    habits: { fault: (mixture) => (soundFault(mixture) === undefined ? undefined : 'ignored') },
  },
  {
    what: 'a client that refuses what it could use',
    rule: 'refuse.usable',
    also: ['mixture.applied', 'kit.end'],
    habits: { fault: (mixture) => (mixture.version === 2 ? 'no mood' : soundFault(mixture)) },
  },
  {
    what: 'a client that does not answer factors on the loss',
    rule: 'commands.loss-multiplier',
    habits: { fault: (mixture) => (mixture.meaning === 'lossMultiplier' ? 'ignored' : soundFault(mixture)) },
  },
  {
    what: 'a client that does not stop',
    rule: 'finish.stop',
    also: ['finish.last', 'process.ends'],
    habits: { stops: () => false },
  },
  {
    what: 'a client that calls a wish to stop a failure',
    rule: 'finish.status',
    habits: {
      ending: (run, step) => [{ name: 'run.finished', data: { run, attempt: 1, step, status: 'failed' } }],
    },
  },
  {
    what: 'a client that reports after its end',
    rule: 'finish.last',
    habits: {
      ending: (run, step) => [
        { name: 'run.finished', data: { run, attempt: 1, step, status: 'stopped' } },
        { name: 'metrics.logged', data: { run, attempt: 1, step, names: ['lr'], values: [0.1] } },
      ],
    },
  },
  {
    what: 'a client that ends with status 3',
    rule: 'process.ends',
    habits: { status: 3 },
  },
  {
    what: 'a client that ends too soon',
    rule: 'kit.end',
    also: ['mixture.applied'],
    habits: { stops: (mixture) => mixture.version >= 3 },
  },
]
