import type { Policy, PolicyStart } from '../policy.js'
import { isReached, positionProblems, positionSchema, tokensOf, type Position } from '../composed/position.js'
import { propose } from '../propose.js'
import { isTemperature, temper, type Temperature } from './temper.js'

type TemperatureConfig = {
  readonly temperature: Temperature
  readonly switchAt: Position | null
  readonly finalTemperature: Temperature
  readonly sizes: Readonly<Record<string, number>>
}

type TemperatureState = {
  readonly sizes: readonly number[]
  readonly horizon: NonNullable<PolicyStart['horizon']> | null
  readonly tokens: number
  readonly switched: boolean
  readonly weights: readonly number[]
  readonly lossMultipliers: readonly number[]
  readonly varianceFactor: number
  /** A domain that the declared horizon would repeat too often, as the end of a sentence; empty where there is none. */
  readonly repetition: string
}

/** About here a further pass over the same text stops helping (arXiv 2305.16264). */
const fairPasses = 4

/**
 * Sampling by size^(1/temperature), with the one drop of Cooldown where a switch is given (arXiv 2410.04579).
 * O(K) at the start and at the switch, nothing between them.
 */
export const temperature: Policy<TemperatureConfig, TemperatureState> = {
  name: 'temperature',
  version: 1,
  title: 'Temperature sampling and Cooldown',
  purpose:
    'Samples small domains more than their size alone would, and with a switch returns to proportions once they have learned.',
  cites: ['arXiv:2410.04579'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Small domains are so small that a high temperature repeats them many times (the explanation says so where tokens and horizon are declared), or sizes say little about what a domain is worth. For proportions as they are, `natural` says the same with less.',
    mathematics: [
      'p(i; τ) = sizeᵢ^(1/τ) / Σⱼ sizeⱼ^(1/τ). τ = 1 is proportional, above 1 is flatter, below 1 is sharper, infinite is uniform over domains that are not empty.',
      'Cooldown: τ is `temperature` before `switchAt` and `finalTemperature` from it on. One drop; the step that reaches the position is the last at the high temperature.',
      'The same expected gradient under proportional sampling has the loss weights p(i; τ) / p(i; 1), with a variance larger by Σ p(i; τ)² / p(i; 1) ≥ 1; sampling has not. Both are kept in the state.',
      'Published settings: 5, then 1 in the second half of the run (30,000 + 30,000 steps for translation, 50,000 + 50,000 for a language model). A constant 3.33 is that of mT5.',
    ],
    cost: 'K exponentials at the start and at the switch; a sum over K tokens a step before a switch that is given in tokens. State: five numbers a domain at most.',
    absentDomains:
      'The weights hang on sizes alone, so it makes no difference who was in a step. A domain of size 0 has weight 0, exactly.',
    differences: [
      'No code was published with the paper; the weights follow its equations, computed as softmax(ln size / τ).',
      'The paper switches after a number of steps; tokens and a share of the horizon are ours.',
      'Its tables name the direction of the schedule inconsistently in one heading; the data, and this policy, say high first.',
    ],
  },
  signals: () => [],
  defaults: { temperature: 5, switchAt: null, finalTemperature: 1, sizes: {} },
  schema: {
    type: 'object',
    properties: {
      temperature: temperatureSchema('Temperature from the start on: a number above 0, or "infinite".'),
      switchAt: {
        ...positionSchema(
          'Where the final temperature takes over: exactly one of steps, tokens, share. null: never.',
          {
            steps: 'The last step at the first temperature.',
            tokens: 'Tokens of the run, all domains together.',
            share: 'Share of the declared horizon.',
          },
        ),
        type: ['object', 'null'],
      },
      finalTemperature: temperatureSchema(
        'Temperature after the switch: a number above 0, or "infinite". Without a switch it is not read.',
      ),
      sizes: {
        description:
          'Size of every domain by name, in any common unit. Empty: the tokens that the domains declare.',
        type: 'object',
        additionalProperties: { type: 'number', minimum: 0 },
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => [
    ...(['temperature', 'finalTemperature'] as const).flatMap((key) =>
      !isTemperature(config[key])
        ? [`${key}: expected a number above 0 or "infinite", got "${config[key]}"; give one of the two.`]
        : [],
    ),
    ...(config.switchAt === null ? [] : positionProblems('switchAt', config.switchAt, start.horizon)),
    ...sizeProblems(config, start),
  ],
  initialState(config, start) {
    const sizes = sizesOf(config, start)
    const { horizon = null } = start
    const switched = isSwitched(config, horizon, { steps: 0, tokens: 0 })
    return {
      sizes,
      horizon,
      tokens: 0,
      switched,
      ...temper(sizes, switched ? config.finalTemperature : config.temperature),
      repetition: repetitionOf(config, start, sizes),
    }
  },
  evolve(config, state, fact) {
    if (fact.kind !== 'step' || state.switched || config.switchAt === null) return state
    const tokens =
      config.switchAt.steps === undefined
        ? Math.min(state.tokens + tokensOf(fact), Number.MAX_VALUE)
        : state.tokens
    if (isSwitched(config, state.horizon, { steps: fact.step, tokens }))
      return { ...state, tokens, switched: true, ...temper(state.sizes, config.finalTemperature) }
    return tokens === state.tokens ? state : { ...state, tokens }
  },
  decide(config, state, current) {
    const now = state.switched ? config.finalTemperature : config.temperature
    const proportions = temper(state.sizes, 1).weights
    return propose(
      {
        weights: state.weights,
        summary:
          `Each domain is weighed by its size at temperature ${now}` +
          `${state.switched ? ', after the switch' : ''}; as factors on the loss the same would have ${state.varianceFactor.toPrecision(4)} times the variance.` +
          state.repetition,
        parts: {
          proportions: proportions.map((weight, i) => weight - current[i]!),
          temperature: state.weights.map((weight, i) => weight - proportions[i]!),
        },
        unchanged: `The mixture already follows the sizes of the domains at temperature ${now}.`,
        controls: { temperature: now },
      },
      current,
    )
  },
}

function temperatureSchema(description: string) {
  return { description, type: ['number', 'string'], exclusiveMinimum: 0 }
}

function isSwitched(
  config: TemperatureConfig,
  horizon: TemperatureState['horizon'],
  progress: { readonly steps: number; readonly tokens: number },
): boolean {
  return config.switchAt !== null && isReached(config.switchAt, horizon ?? undefined, progress)
}

function sizesOf(config: TemperatureConfig, start: PolicyStart): readonly number[] {
  const given = Object.keys(config.sizes).length > 0
  return start.domains.map(({ name, tokens }) => {
    const size = given ? config.sizes[name] : tokens
    return size !== undefined && size > 0 && size < Infinity ? size : 0
  })
}

function sizeProblems(config: TemperatureConfig, start: PolicyStart): readonly string[] {
  const given = Object.keys(config.sizes)
  const names = start.domains.map((domain) => domain.name)
  const known = new Set(names)
  const unknown = given.filter((name) => !known.has(name))
  const missing = start.domains
    .filter(({ name, tokens }) =>
      given.length > 0 ? !Object.hasOwn(config.sizes, name) : tokens === undefined || !(tokens >= 0),
    )
    .map((domain) => domain.name)
  const problems: string[] = []
  if (unknown.length > 0)
    problems.push(
      `sizes: ${unknown.join(', ')} is no domain of this run, which has ${names.join(', ')}; correct or remove it.`,
    )
  if (missing.length > 0)
    problems.push(
      given.length > 0
        ? `sizes: expected a size for every domain, but ${missing.join(', ')} has none; add it, with 0 for an empty one.`
        : `sizes: expected the size of every domain, but ${missing.join(', ')} declares no tokens; declare \`tokens\` at the start of the run, or give \`sizes\`.`,
    )
  if (problems.length === 0 && sizesOf(config, start).every((size) => size === 0))
    problems.push('sizes: expected a domain that is not empty, but every size is 0; correct the sizes.')
  return problems
}

/** Which declared domain the declared horizon would repeat most, if that is too often to be useful. */
function repetitionOf(config: TemperatureConfig, start: PolicyStart, sizes: readonly number[]): string {
  const total = start.horizon?.tokens
  if (total === undefined || Object.keys(config.sizes).length > 0) return ''
  const { steps, tokens, share } = config.switchAt ?? { share: 1 }
  const before = Math.min(share ?? (tokens ?? NaN) / total, 1)
  const hot = Number.isNaN(before) ? (steps ?? 0) / (start.horizon?.steps ?? NaN) : before
  if (!(hot >= 0)) return ''
  const early = temper(sizes, config.temperature).weights
  const late = temper(sizes, config.finalTemperature).weights
  let worst = { name: '', passes: 0 }
  start.domains.forEach(({ name }, i) => {
    const seen = total * (Math.min(hot, 1) * early[i]! + Math.max(1 - hot, 0) * late[i]!)
    if (sizes[i]! > 0 && seen / sizes[i]! > worst.passes) worst = { name, passes: seen / sizes[i]! }
  })
  return worst.passes > fairPasses
    ? ` Over the declared horizon ${worst.name} is read ${worst.passes.toPrecision(3)} times, where more than about ${fairPasses} stop helping.`
    : ''
}
