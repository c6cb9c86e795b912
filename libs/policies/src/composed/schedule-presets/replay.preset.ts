import type { PolicyStart } from '../../policy.js'
import { positionProblems, positionSchema, type Position } from '../position.js'
import type { Phase, Until } from '../schedule-config.js'
import { mixed, startWeightsAmong, weightsSchema, type SchedulePreset } from '../schedule-preset.js'
import { toMixture } from '../../numerics/to-mixture.js'

type Weights = Readonly<Record<string, number>>
type Replay = {
  readonly replayed: readonly string[]
  readonly rate: number
  readonly replayedWeights: Weights
  readonly newWeights: Weights
  readonly first: { readonly rate: number; readonly until: Position } | null
  readonly limit: {
    readonly domain: string
    readonly above: number
    readonly below?: number
    readonly rate?: number
    readonly patience?: number
  } | null
  readonly passes: number | null
}

const rate = (description: string) => ({ description, type: 'number', minimum: 0, maximum: 1 })

export const replay: SchedulePreset<Replay> = {
  name: 'replay',
  title: 'Replay against the stability gap',
  cites: ['arXiv:2406.14833', 'arXiv:2508.01908', 'arXiv:2403.08763'],
  describe:
    'For continued pre-training: keeps a share of the old domains in every batch, so that the model does not first lose what it knew. A quarter was worth its compute in models of 99M to 6B parameters, a half was not always; with 0, 1, 5, 10, 25 and 50 % the old loss of a 405M model was 3.56, 2.83, 2.57, 2.46, 2.33 and 2.24, the new one 1.11 to 1.22. The old domains keep the proportions of the start, which should be those of pre-training. On top: a higher rate at first, while the gap opens; a higher rate as long as the held-out loss of an old domain is above a limit (ours, not from a paper); and a cap on passes over the new domains, for several epochs over a subset of proper size did better than one over everything. Choosing the best part of the new data, the third measure against the gap, happens outside.',
  defaults: {
    replayed: [],
    rate: 0.25,
    replayedWeights: {},
    newWeights: {},
    first: null,
    limit: null,
    passes: null,
  },
  schema: {
    type: 'object',
    properties: {
      replayed: {
        description: 'Names of the old domains.',
        type: 'array',
        minItems: 1,
        items: { type: 'string' },
      },
      rate: rate('Share of the old domains in the mixture, all together.'),
      replayedWeights: weightsSchema('Weights among the old domains. Empty: as at the start.'),
      newWeights: weightsSchema('Weights among the new domains. Empty: as at the start.'),
      first: {
        description: 'Another rate at the start of the run, and until when. null: none.',
        type: ['object', 'null'],
        properties: {
          rate: rate('Share of the old domains meanwhile.'),
          until: positionSchema('Until when: exactly one of steps, tokens, share.', {
            steps: 'The last step of it.',
            tokens: 'Tokens of the run.',
            share: 'Share of the declared horizon.',
          }),
        },
        required: ['rate', 'until'],
        additionalProperties: false,
      },
      limit: {
        description: 'Raises the rate while an old domain is too bad on held-out data. null: never.',
        type: ['object', 'null'],
        properties: {
          domain: { description: 'The old domain that is watched.', type: 'string' },
          above: {
            description: 'Held-out loss from which on the rate is raised, nats per token.',
            type: 'number',
          },
          below: {
            description: 'Held-out loss at which the rate goes back. Left out: the same number.',
            type: 'number',
          },
          rate: rate('The raised rate; 0.5 where left out.'),
          patience: {
            description: 'Evaluations in a row it takes; 1 where left out.',
            type: 'integer',
            minimum: 1,
          },
        },
        required: ['domain', 'above'],
        additionalProperties: false,
      },
      passes: {
        description:
          'How often each new domain may be read; it then leaves. Needs their tokens. null: without limit.',
        type: ['number', 'null'],
        exclusiveMinimum: 0,
      },
    },
    additionalProperties: false,
  },
  check: (parameters, start) => [
    ...nameProblems(parameters, start),
    ...(parameters.first === null
      ? []
      : positionProblems('first.until', parameters.first.until, start.horizon)),
    ...limitProblems(parameters),
  ],
  needs: ({ limit }) => (limit === null ? [] : gates(limit).map((until) => ({ policy: 'static', until }))),
  build(parameters, start) {
    const { first, limit, passes } = parameters
    const { fresh } = split(parameters.replayed, start)
    const at = (title: string, share: number, until?: Until) =>
      mixed(title, weightsAt(parameters, share, start), until === undefined ? {} : { until })
    const steady: readonly Phase[] =
      limit === null
        ? [at('replay', parameters.rate)]
        : gates(limit).map((until, i) =>
            i === 0 ? at('replay', parameters.rate, until) : at('more replay', limit.rate ?? 0.5, until),
          )
    const repeat = limit === null ? {} : ({ repeat: 'forever' } as const)
    const budgets =
      passes === null ? {} : { budgets: Object.fromEntries(fresh.map((name) => [name, { passes }])) }
    if (first === null) return { phases: steady, ...repeat, ...budgets }
    const rest: Phase[] =
      limit === null
        ? [...steady]
        : [{ title: 'watched replay', policy: 'schedule', config: { phases: steady, ...repeat } }]
    return { phases: [at('replay at first', first.rate, first.until), ...rest], ...budgets }
  },
}

/** What ends the ordinary rate, and what ends the raised one. */
function gates({
  domain,
  above,
  below = above,
  patience = 1,
}: NonNullable<Replay['limit']>): readonly Until[] {
  return [{ loss: { domain, above, patience } }, { loss: { domain, below, patience } }]
}

function weightsAt(
  { replayed, replayedWeights, newWeights }: Replay,
  share: number,
  start: PolicyStart,
): Weights {
  const { old, fresh } = split(replayed, start)
  const within = (some: readonly string[], given: Weights) => {
    const weights = Object.keys(given).length > 0 ? given : startWeightsAmong(some, start)
    return toMixture(some.map((name) => weights[name] ?? 0)) ?? some.map(() => 1 / some.length)
  }
  const [olds, news] = [within(old, replayedWeights), within(fresh, newWeights)]
  return Object.fromEntries([
    ...old.map((name, i) => [name, share * olds[i]!] as const),
    ...fresh.map((name, i) => [name, (1 - share) * news[i]!] as const),
  ])
}

function split(replayed: readonly string[], start: PolicyStart) {
  const names = start.domains.map((domain) => domain.name)
  const chosen = new Set(replayed)
  return {
    names,
    old: names.filter((name) => chosen.has(name)),
    fresh: names.filter((name) => !chosen.has(name)),
  }
}

function nameProblems(
  { replayed, replayedWeights, newWeights }: Replay,
  start: PolicyStart,
): readonly string[] {
  const { names, old, fresh } = split(replayed, start)
  const [known, olds, news] = [new Set(names), new Set(old), new Set(fresh)]
  const unknown = replayed.filter((name) => !known.has(name))
  if (unknown.length > 0)
    return [
      `replayed: expected domains of ${names.join(', ')}, got ${unknown.join(', ')}; correct the names.`,
    ]
  if (fresh.length === 0 && names.length > 1)
    return [
      'replayed: expected a new domain beside them, but every domain is replayed; leave the new ones out.',
    ]
  const strays = [
    ...Object.keys(replayedWeights).filter((name) => !olds.has(name)),
    ...Object.keys(newWeights).filter((name) => !news.has(name)),
  ]
  return strays.length === 0
    ? []
    : [`replayedWeights, newWeights: ${strays.join(', ')} does not belong there; correct or remove it.`]
}

function limitProblems({ limit, replayed }: Replay): readonly string[] {
  if (limit === null) return []
  const problems: string[] = []
  if (!replayed.includes(limit.domain))
    problems.push(
      `limit.domain: expected one of the replayed domains, ${replayed.join(', ')}, got "${limit.domain}"; correct the name.`,
    )
  if (limit.below !== undefined && limit.below > limit.above)
    problems.push(
      `limit.below: expected at most ${limit.above}, where the rate rises, got ${limit.below}; lower it.`,
    )
  return problems
}
