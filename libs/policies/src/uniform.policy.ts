import type { Policy } from './policy.js'
import { propose } from './propose.js'

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
