import type { Policy } from '../policy.js'
import { propose } from '../propose.js'

type UniformConfig = Readonly<Record<string, never>>
type UniformState = { readonly domains: number }

/**
 * The same weight for every domain: the baseline that a reweighting rule has to beat, and the sampling under which
 * DoReMi's proxy trains (arXiv 2305.10429, §2). Costs nothing per step; O(K) per decision.
 */
export const uniform: Policy<UniformConfig, UniformState> = {
  name: 'uniform',
  version: 1,
  title: 'Uniform',
  purpose: 'Gives every domain the same weight.',
  cites: ['arXiv:2305.10429'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Domains differ much in size: the small ones are then repeated many times and the large ones hardly read. `natural` and `temperature` follow sizes.',
    mathematics: ['wᵢ = 1 / K for each of K domains.'],
    cost: 'Nothing a step; O(K) a decision. State: the number of domains.',
    absentDomains: 'It makes no difference who was in a step.',
    differences: ['None: there is nothing to differ in.'],
  },
  signals: () => [],
  defaults: {},
  schema: { type: 'object', properties: {}, additionalProperties: false },
  check: () => [],
  initialState: (_config, start) => ({ domains: start.domains.length }),
  evolve: (_config, state) => state,
  decide(_config, state, current) {
    const weights = Array.from({ length: state.domains }, () => 1 / state.domains)
    return propose(
      {
        weights,
        summary: `Every one of ${state.domains} domains gets the same weight.`,
        parts: { evening: weights.map((weight, i) => weight - current[i]!) },
        unchanged: 'Every domain already has the same weight.',
      },
      current,
    )
  },
}
