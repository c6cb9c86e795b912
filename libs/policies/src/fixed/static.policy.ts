import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'

type StaticConfig = { readonly weights: Readonly<Record<string, number>> }
type StaticState = { readonly weights: readonly number[] }

/** A fixed mixture: the given one, or the one the run started with. Costs nothing per step; O(K) per decision. */
export const staticMixture: Policy<StaticConfig, StaticState> = {
  name: 'static',
  version: 1,
  title: 'Static',
  purpose: 'Keeps one mixture: the given weights, or those the run starts with.',
  cites: [],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Nobody knows a good mixture beforehand, or the best one changes while training goes on: then a rule that reads losses, or a `schedule`, serves better. Keep it as the baseline that such a rule has to beat.',
    mathematics: [
      'wᵢ = givenᵢ / Σⱼ givenⱼ, so that weights may have any scale: 0.2 and 20 % are the same. Without given weights: the mixture the run starts with.',
      'It asks for its mixture again after an override; whoever wants an override to last freezes the run.',
    ],
    cost: 'Nothing a step; O(K) a decision. State: K numbers.',
    absentDomains:
      'It makes no difference who was in a step. A weight of 0 switches a domain off and stays exactly 0.',
    differences: ['None: there is no published rule.'],
  },
  signals: () => [],
  defaults: { weights: {} },
  schema: {
    type: 'object',
    properties: {
      weights: {
        description:
          'Weight of every domain by name, in any scale; they are divided by their sum. Empty: the weights the run starts with.',
        type: 'object',
        additionalProperties: { type: 'number', minimum: 0 },
      },
    },
    additionalProperties: false,
  },
  check(config, start) {
    const given = Object.keys(config.weights)
    if (given.length === 0) return []
    const names = start.domains.map((domain) => domain.name)
    const known = new Set(names)
    const problems: string[] = []
    const unknown = given.filter((name) => !known.has(name))
    if (unknown.length > 0) {
      problems.push(
        `weights: ${unknown.join(', ')} is no domain of this run, which has ${names.join(', ')}; correct or remove it.`,
      )
    }
    const missing = names.filter((name) => !Object.hasOwn(config.weights, name))
    if (missing.length > 0) {
      problems.push(
        `weights: expected a weight for every domain, but ${missing.join(', ')} has none; add it, with 0 to switch a domain off.`,
      )
    }
    if (problems.length === 0 && toMixture(names.map((name) => config.weights[name]!)) === undefined) {
      problems.push(
        'weights: expected a positive sum, but every weight is 0; give at least one domain a weight above 0.',
      )
    }
    return problems
  },
  initialState(config, start) {
    const given = Object.keys(config.weights).length > 0
    const weights = given ? start.domains.map((domain) => config.weights[domain.name] ?? 0) : start.weights
    return { weights: toMixture(weights) ?? start.weights }
  },
  evolve: (_config, state) => state,
  decide: (_config, state, current) =>
    propose(
      {
        weights: state.weights,
        summary: 'The configured mixture is restored.',
        parts: { target: state.weights.map((weight, i) => weight - current[i]!) },
        unchanged: 'The configured mixture is already in force.',
      },
      current,
    ),
}
