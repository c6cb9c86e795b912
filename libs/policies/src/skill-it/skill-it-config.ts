import { byDomainProblems } from '../by-domain.js'
import type { ConfigSchema, PolicyStart } from '../policy.js'

export type SkillItConfig = {
  readonly variant: 'official' | 'paper'
  readonly mode: 'online' | 'static' | 'stratified'
  /** Null: the identity. */
  readonly graph: readonly (readonly number[])[] | null
  /** Null: the columns are the domains. */
  readonly evaluationSkills: readonly string[] | null
  /** Null: all columns. */
  readonly targetSkills: readonly string[] | null
  readonly stepSize: number
  readonly window: number
  /** Null: as the variant has it. */
  readonly windowUnit: 'round' | 'evaluation' | null
  readonly evaluationsPerRound: number
  readonly aggregate: 'sum' | 'mean' | null
  readonly edgeOfOne: number
  readonly diagonalOfOne: boolean
  readonly prior: Readonly<Record<string, number>> | null
  readonly normaliseByInitialLoss: boolean
  readonly stepSizeSchedule: boolean
  readonly halveOffDiagonals: boolean
  readonly syntheticFirstLoss: boolean
  readonly isolatedNodes: 'compete' | 'uniform'
}

export const skillItSchema: ConfigSchema = {
  type: 'object',
  properties: {
    variant: {
      description: 'The rule of the published code, or of the paper, where they differ.',
      enum: ['official', 'paper'],
    },
    mode: {
      description:
        'Follow evaluations, keep the weights that the graph gives, or share equally among skills and their prerequisites.',
      enum: ['online', 'static', 'stratified'],
    },
    graph: {
      description:
        'How much training on a domain (row, in the order of the domains) lowers the loss of an evaluation skill (column). Null: the identity.',
      type: ['array', 'null'],
      items: { type: 'array', items: { type: 'number' } },
    },
    evaluationSkills: {
      description:
        'Names of the columns where they are not the domains: scores of evaluations by these names are their losses, nats per token. Null: the domains.',
      type: ['array', 'null'],
      minItems: 1,
      items: { type: 'string', minLength: 1 },
    },
    targetSkills: {
      description: 'Names of the columns that count. Null: all of them.',
      type: ['array', 'null'],
      minItems: 1,
      items: { type: 'string', minLength: 1 },
    },
    stepSize: {
      description:
        'Factor on graph times losses, 1/nat. Papers and scripts use 0.1 to 0.8 for graphs with entries up to 1, and 100 for small changes of perplexity.',
      type: 'number',
      minimum: 0,
    },
    window: {
      description: 'How many of the last evaluations or rounds count.',
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
    },
    windowUnit: {
      description: 'What the window counts. Null: evaluations in the official variant, rounds in the paper.',
      enum: ['round', 'evaluation', null],
    },
    evaluationsPerRound: {
      description:
        'How many evaluations make a round, for `windowUnit` and `halveOffDiagonals`. The paper evaluates once a round, at its start.',
      type: 'integer',
      minimum: 1,
    },
    aggregate: {
      description:
        'How losses in the window are put together. Null: the sum; the mean where the official variant has targets.',
      enum: ['sum', 'mean', null],
    },
    edgeOfOne: {
      description: 'What an entry of exactly 1 off the diagonal counts as; 1 leaves it alone.',
      type: 'number',
    },
    diagonalOfOne: {
      description:
        'Whether every entry on the diagonal counts as 1, as for graphs that were stored without it.',
      type: 'boolean',
    },
    prior: {
      description:
        'A factor on every weight by name of the domain, in any scale; 0 switches a domain off. Null: none.',
      type: ['object', 'null'],
      additionalProperties: { type: 'number', minimum: 0 },
    },
    normaliseByInitialLoss: {
      description: 'Whether losses are divided by those of the base evaluation.',
      type: 'boolean',
    },
    stepSizeSchedule: {
      description: 'Whether the step size grows as the losses fall below those of the base evaluation.',
      type: 'boolean',
    },
    halveOffDiagonals: {
      description: 'Whether edges between skills count half as much after every round.',
      type: 'boolean',
    },
    syntheticFirstLoss: {
      description:
        'Whether the window begins with an evaluation in which each skill has the mean loss of the first.',
      type: 'boolean',
    },
    isolatedNodes: {
      description: 'Whether domains without edges take part, or keep 1/K each.',
      enum: ['compete', 'uniform'],
    },
  },
  additionalProperties: false,
}

/** What is wrong with a configuration for this run. */
export const skillItProblems = (config: SkillItConfig, start: PolicyStart): readonly string[] => [
  ...graphProblems(config, start),
  ...targetProblems(config, start),
  ...priorProblems(config, start),
]

function graphProblems(config: SkillItConfig, start: PolicyStart): readonly string[] {
  const { graph, evaluationSkills } = config
  const domains = start.domains.length
  const skills = evaluationSkills?.length ?? domains
  if (graph === null) {
    return evaluationSkills === null
      ? []
      : [
          'graph: expected a row for every domain, got null; evaluationSkills beyond the domains need a graph.',
        ]
  }
  const problems: string[] = []
  if (graph.length !== domains)
    problems.push(
      `graph: expected ${domains} rows, one for each domain of this run, got ${graph.length}; give a row each.`,
    )
  graph.forEach((row, i) => {
    if (row.length !== skills)
      problems.push(
        `graph[${i}]: expected ${skills} entries, one for each evaluation skill, got ${row.length}; give a number each.`,
      )
  })
  return problems
}

function targetProblems(config: SkillItConfig, start: PolicyStart): readonly string[] {
  const { evaluationSkills, targetSkills, isolatedNodes } = config
  const known = new Set(evaluationSkills ?? start.domains.map(({ name }) => name))
  const unknown = (targetSkills ?? []).filter((name) => !known.has(name))
  return [
    ...(evaluationSkills !== null && known.size < evaluationSkills.length
      ? ['evaluationSkills: expected each name once, got one twice; remove the repetition.']
      : []),
    ...(targetSkills !== null && new Set(targetSkills).size < targetSkills.length
      ? ['targetSkills: expected each name once, got one twice; remove the repetition.']
      : []),
    ...(unknown.length > 0
      ? [
          `targetSkills: expected names of columns of the graph (${[...known].join(', ')}), got ${unknown.join(', ')} as well; correct or remove them.`,
        ]
      : []),
    ...(isolatedNodes === 'uniform' && evaluationSkills !== null
      ? [
          'isolatedNodes: expected "compete" where evaluationSkills are given, got "uniform"; only domains that are skills themselves can be isolated.',
        ]
      : []),
  ]
}

function priorProblems({ prior }: SkillItConfig, start: PolicyStart): readonly string[] {
  if (prior === null) return []
  const problems = byDomainProblems('prior', prior, start.domains)
  if (problems.length > 0 || Object.values(prior).some((one) => one > 0)) return problems
  return ['prior: expected a number above 0 for one domain at least, got only 0; raise one, or give null.']
}
