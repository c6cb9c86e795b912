import { equitableFaults } from './equitable-check.js'
import { withEvaluation, withSamples } from './equitable-fold.js'
import { planFor, plainAllocation } from './equitable-plan.js'
import { equitableSchema } from './equitable-schema.js'
import type { EquitableConfig, EquitableState } from './equitable-state.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { scramble } from '../aioli/shuffled-order.js'

/**
 * Adaptive sampling for equitable data sets (arXiv 2202.01327, FAccT 2023): a learning curve per domain, and the next samples where
 * they lower the sum of losses, or the largest loss, most for their cost. Our reconstruction; no code was published. O(K) a
 * step; a fit of each evaluated domain an evaluation; some 70 rounds of O(K) a decision.
 */
export const equitable: Policy<EquitableConfig, EquitableState> = {
  name: 'equitable',
  version: 1,
  title: 'Equitable sampling',
  purpose:
    'Acquires samples of each domain as its learning curve and its cost make them worth, for all or for the worst off.',
  cites: ['arXiv:2202.01327'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'The question is what to sample from data that is there anyway: the model says that a domain learns from its own samples alone, and mixing couples domains. It is made for the purchase of data; as sampling weights it is a heuristic. The sequential rule and exploration give a whole block to one domain, which guard rails should bound in a run that trains on it.',
    mathematics: [
      'Loss of domain g after n samples: ℓ(n) = a n^(−b) + e. Least Σ ω ℓ(n), or least max ℓ(n), subject to Σ c n ≤ budget and held ≤ n ≤ cap.',
      'Sum: n(μ) = (ω a b / (c μ))^(1/(b+1)), clipped to its bounds; Σ c n(μ) falls with μ, which is bisected. With one b for all, n ∝ (ω a / c)^(1/(b+1)).',
      'Max: n(ℓ) = (a / (ℓ − e))^(1/b), clipped; the level ℓ is bisected. Importance makes no difference to it. Where a cap binds, the budget goes on to lower the others.',
      'Weights: n − held, divided by its sum, over the next block (or the rest of the budget). The explanation’s control `allocation` has samples in the end, spent, losses, and the multiplier μ or the level.',
      'Sequential: a block of cost Δ to the domain with the largest ω · (ℓ(n) − ℓ(n + Δ/c)), for max the one with the largest ℓ(n); equals share it.',
      'Curves: least squares over evaluations, a ≥ 0 and e ≥ 0, b between 0.001 and 4 (`fitPowerLaw`), once a domain has been evaluated at fewestSizes different sizes. Until all have, a round gives its block to one that has not, with probability `exploration` (seeded), and holds otherwise.',
      'Reads: held-out losses of evaluations (nats), and cumulative samples from tokens or `sequences` of steps.',
    ],
    cost: 'A step: O(K) additions. An evaluation: about 0.5 ms for each domain it measures. A decision: some 70 times O(K) powers, about 0.2 ms for 24 domains. State: up to historyPoints pairs of numbers a domain.',
    absentDomains:
      'A domain that is not in a step gains no samples. One that an evaluation leaves out keeps its curve. A domain whose curve looks flat keeps its present share until it has sizesToStarve sizes; then it gets nothing, for more samples would not help it. Where no curve falls, or one is unknown, the mixture stays.',
    differences: [
      'The abstract of the paper is all there was to go by: parametric form, fit and sequential rule are our reconstruction.',
      'Evaluations carry no variance, so points weigh the same.',
      'A domain evaluated again at the same size has its newest loss there.',
      'There is no variant; `allocation` chooses between the one optimisation for known curves and the sequential rule.',
    ],
  },
  signals: () => [],
  evaluations: (config) => (config.curves === null ? { loss: true } : {}),
  defaults: {
    objective: 'sum',
    allocation: 'optimal',
    unit: 'tokens',
    costs: null,
    importance: null,
    held: null,
    caps: null,
    curves: null,
    budget: null,
    block: 1e8,
    exploration: 0.1,
    seed: 0,
    fewestSizes: 4,
    sizesToStarve: 8,
    historyPoints: 64,
  },
  schema: equitableSchema,
  check: equitableFaults,
  initialState(config, start) {
    const held = start.domains.map(({ name }) => config.held?.[name] ?? 0)
    return {
      terms: start.domains.map(({ name, tokens }) => ({
        key: keyOf(name),
        cost: config.costs?.[name] ?? 1,
        importance: config.importance?.[name] ?? 1,
        cap: config.caps?.[name] ?? (config.unit === 'tokens' ? (tokens ?? null) : null),
      })),
      held,
      points: start.domains.map(() => []),
      curves: start.domains.map(({ name }) => config.curves?.[name] ?? null),
      round: { number: 0, held },
      evaluatedAt: null,
    }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'step') return withSamples(config, state, fact)
    if (fact.kind === 'evaluation' && config.curves === null) return withEvaluation(config, state, fact)
    return state
  },
  decide(config, state, current) {
    const plan = planFor(config, state, current)
    if (plan.kind === 'hold') return plan
    const change = plan.shares.map((share, i) => share - current[i]!)
    if (plan.kind === 'explore') {
      return propose(
        {
          weights: plan.shares,
          summary: `Exploration, round ${state.round.number}: one block for a domain that has been evaluated at fewer than ${config.fewestSizes} sizes.`,
          parts: { exploration: change },
          unchanged: 'The domain to explore has the whole mixture already.',
        },
        current,
      )
    }
    const { allocation } = plan
    const aim = config.objective === 'sum' ? 'the sum of losses' : 'the largest loss'
    return propose(
      {
        weights: plan.shares,
        summary:
          allocation === null
            ? `Equitable sampling, round ${state.round.number}: the next block goes where its cost lowers ${aim} most.`
            : `Equitable sampling, round ${state.round.number}: new samples in the proportions that make ${aim} least at a cost of ${allocation.spent.toPrecision(4)}.`,
        parts: { allocation: change },
        unchanged: 'The learning curves ask for the mixture that is already in force.',
        ...(allocation === null ? {} : { controls: { allocation: plainAllocation(allocation) } }),
      },
      current,
    )
  },
}

/** A number for a name, so that draws hang on names. */
function keyOf(name: string): number {
  let key = 0
  for (let i = 0; i < name.length; i++) key = scramble(key ^ name.charCodeAt(i))
  return key
}
