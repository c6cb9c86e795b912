import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'

type NaturalConfig = { readonly temperature: number }
type NaturalState = { readonly weights: readonly number[] }

/**
 * Each domain in proportion to its tokens, optionally flattened (arXiv 2410.04579, §2). Costs nothing per step; O(K) per
 * decision. `temperature` is the same with sizes from elsewhere, an infinite temperature, and the switch of Cooldown.
 */
export const natural: Policy<NaturalConfig, NaturalState> = {
  name: 'natural',
  version: 1,
  title: 'Natural',
  purpose: 'Weighs each domain by the tokens it has, as if the data were not divided into domains.',
  cites: ['arXiv:2410.04579'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Domains do not declare their tokens, or the large ones are the least useful. For sizes in another unit, an infinite temperature or a switch while the run goes on take `temperature`.',
    mathematics: [
      'wᵢ = tokensᵢ^(1/τ) / Σⱼ tokensⱼ^(1/τ), where τ is `temperature`: 1 is proportional, mT5 uses 3.33, the limit is uniform.',
    ],
    cost: 'Nothing a step; O(K) a decision. State: K numbers.',
    absentDomains:
      'It makes no difference who was in a step. A domain that declares 0 tokens has weight 0, exactly.',
    differences: ['None: the formula is that of the paper.'],
  },
  signals: () => [],
  defaults: { temperature: 1 },
  schema: {
    type: 'object',
    properties: {
      temperature: {
        description:
          'Flattens the proportions: the weight is tokens to the power of 1/temperature. 1 keeps them.',
        type: 'number',
        exclusiveMinimum: 0,
      },
    },
    additionalProperties: false,
  },
  check(_config, start) {
    const missing = start.domains.filter((domain) => !isCount(domain.tokens)).map((domain) => domain.name)
    if (missing.length > 0) {
      return [
        `Expected the number of tokens of every domain, but ${missing.join(', ')} declares none; declare \`tokens\` at the start of the run, or choose another policy.`,
      ]
    }
    return start.domains.some((domain) => domain.tokens! > 0)
      ? []
      : [
          'Expected a domain with tokens, but every domain declares 0; declare what they hold, or choose another policy.',
        ]
  },
  initialState(config, start) {
    const counts = start.domains.map((domain) => (isCount(domain.tokens) ? domain.tokens : 0))
    const largest = counts.reduce((a, b) => Math.max(a, b), 0)
    const weights = counts.map((count) =>
      count === 0 ? 0 : Math.pow(count / largest, 1 / config.temperature),
    )
    return { weights: toMixture(weights) ?? start.weights }
  },
  evolve: (_config, state) => state,
  decide: (config, state, current) =>
    propose(
      {
        weights: state.weights,
        summary:
          config.temperature === 1
            ? 'Each domain is weighed by its tokens.'
            : `Each domain is weighed by its tokens to the power of 1/${config.temperature}.`,
        parts: { tokens: state.weights.map((weight, i) => weight - current[i]!) },
        unchanged: 'The mixture already follows the tokens of the domains.',
      },
      current,
    ),
}

function isCount(tokens: number | undefined): tokens is number {
  return tokens !== undefined && Number.isFinite(tokens) && tokens >= 0
}
