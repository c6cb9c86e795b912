import { deviationDefaults, deviationSchema, type DeviationSettings } from './deviation-settings.js'
import { meanAbsoluteAdvantage } from './mean-absolute-advantage.js'
import { meanSignal } from './mean-signal.js'
import type { Policy, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { softmaxAt } from '../numerics/softmax-at.js'

type SecConfig = DeviationSettings & {
  readonly absent: 'keep' | 'decay'
  readonly learningRate: number
  readonly temperature: number
  readonly method: 'boltzmann' | 'normalizedQ' | 'greedy'
  readonly lowestQ: number
  readonly epsilon: number
  readonly greedyWeights: 'selection' | 'boltzmann'
  readonly objective: 'advantage' | 'unnormalisedAdvantage' | 'progress'
  readonly signal: 'sums' | 'passCounts'
}

type SecState = {
  readonly q: readonly number[]
  /** Mean reward at the last report of every domain, 0 before the first (objective `progress`). */
  readonly lastReward: readonly number[]
  readonly updates: number
  /** Where the parts of the next explanation start: weights, and by how much absence since then has changed every Q. */
  readonly base: { readonly weights: readonly number[]; readonly faded: readonly number[] }
}

/**
 * Self-Evolving Curriculum (arXiv 2505.14970): a bandit over categories of problems whose value is a moving average of the
 * mean |advantage|, Q ← (1 − α)·Q + α·r, weights = softmax(Q / τ). Cost per step and decision: O(K).
 */
export const sec: Policy<SecConfig, SecState> = {
  name: 'sec',
  version: 1,
  title: 'Self-Evolving Curriculum',
  purpose:
    'Samples problems from categories the model is learning from now, by a moving average of advantages.',
  cites: ['arXiv:2505.14970', 'github.com/Vincent-La/cofa'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'The run is no reinforcement learning with groups of rollouts. With many domains and few prompts a batch, `absent: decay` starves whoever is missed; keep the default there. Nothing but the temperature makes it explore. Reviewers noted that the published gains come with a learning rate and temperature chosen per data set.',
    mathematics: [
      'r_d = mean over the rollouts of domain d in the batch of |A| (objective `advantage`).',
      'Q_d ← (1 − α)·Q_d + α·r_d, Q_d = 0 at first, α = learningRate. Constant r gives Q = r·(1 − (1 − α)^t).',
      'Method `boltzmann`: P = softmax(Q / τ), τ = temperature; at τ = 0 the best share evenly.',
      'Method `normalizedQ`: P = max(Q, 0.01) divided by the sum.',
      'Method `greedy`: 1 − ε to the domain with the largest Q, ε evenly to the others, for exploration leaves out the best. Equal ones share.',
      'Objective `unnormalisedAdvantage`: |reward − mean of its prompt|. Objective `progress`: mean reward minus the mean reward of the last report, which is 0 at first.',
      'Signals, sums over the rollouts of a batch: `absAdvantageSum` (no unit), `absUnnormalisedAdvantageSum` or `rewardSum` (in the unit of the reward), by objective, and `rollouts` (a count).',
      'From pass counts: a prompt with p = successes / rollouts has mean |A| = 2p(1 − p) / (deviation + 1e-6), without its deviation 2p(1 − p). `absoluteAdvantageSum` of this library sums the first over prompts into `absAdvantageSum`, which is exact.',
      'With signal `passCounts` the policy reads `successes` and `rollouts` instead. That is exact where a step holds one prompt of a domain (for `progress` always), and an upper bound where it holds several with different p.',
      'Parts: `observed` is what reports move, `absence` what fading Q of absent domains moves after that (`absent: decay` only).',
    ],
    cost: 'A step and a decision cost O(K): K exponentials a decision. State: five numbers a domain.',
    absentDomains:
      '`absent: keep` (default) leaves Q of a domain without rollouts as it is. `absent: decay` does what the official code does: r = 0 for it, so Q falls by the factor 1 − α every step; its fixed point is q·r, q being the chance to be in a batch at all. A step of the policy is a report that carries the signals at all, though every count be 0.',
    differences: [
      'Absent domains: as usually described only observed domains move (`keep`); the official code, read in a vendored copy, fades the others (`decay`).',
      'The defaults α = 0.1 and τ = 1 are those of the code; the published scripts use α = 0.5 with τ = 1 (Countdown), 0.4 (mathematics, 7B) or 0.2 (three puzzles).',
      'Method `greedy`: the code selects by ε-greedy and yet reports the probabilities of `boltzmann`. The weights here are what the trainer samples by, so they are the selection; `greedyWeights: boltzmann` gives what the code reports, for a trainer that selects by itself.',
      'Method `normalizedQ`: the code stops on a negative Q, which only `progress` can cause; here such a domain has the smallest value, 0.01.',
      'Objective `progress`: an absent domain contributes 0 and keeps its last mean reward, as in the code.',
      'Softmax takes the largest Q out first, which the code does not. Float64 where the code holds advantages in float32.',
      'Realised shares can differ from the weights: the code draws without replacement and replaces a domain that ran empty by any that has data left.',
    ],
  },
  signals,
  defaults: {
    absent: 'keep',
    learningRate: 0.1,
    temperature: 1,
    method: 'boltzmann',
    lowestQ: 0.01,
    epsilon: 0.1,
    greedyWeights: 'selection',
    objective: 'advantage',
    signal: 'sums',
    ...deviationDefaults,
  },
  schema: {
    type: 'object',
    properties: {
      absent: {
        description: 'Whether Q of a domain without rollouts stays, or fades as in the official code.',
        enum: ['keep', 'decay'],
      },
      learningRate: {
        description: 'Share α of the newest report in Q; the published scripts use 0.5.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      temperature: {
        description:
          'Divides Q, which is a size of advantages; the published scripts use 1, 0.4 and 0.2. 0 takes the best domains only.',
        type: 'number',
        minimum: 0,
      },
      method: {
        description: 'How weights come from Q.',
        enum: ['boltzmann', 'normalizedQ', 'greedy'],
      },
      lowestQ: {
        description: 'Smallest value that a domain enters `normalizedQ` with.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      epsilon: {
        description: 'Share of draws that `greedy` gives to domains other than the best.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      greedyWeights: {
        description:
          'With `greedy`: the probabilities of its selection, or those of `boltzmann`, which the code reports.',
        enum: ['selection', 'boltzmann'],
      },
      objective: {
        description:
          'What r is: size of advantages, the same before dividing by the deviation, or gain in reward.',
        enum: ['advantage', 'unnormalisedAdvantage', 'progress'],
      },
      signal: {
        description: 'What trainers report: sums over rollouts, or pass counts.',
        enum: ['sums', 'passCounts'],
      },
      ...deviationSchema,
    },
    additionalProperties: false,
  },
  check: () => [],
  initialState: (_config, { weights }) => {
    const zeros = weights.map(() => 0)
    return { q: zeros, lastReward: zeros, updates: 0, base: { weights, faded: zeros } }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') {
      if (state.updates === 0) return state
      return { ...state, base: { weights: weigh(config, state.q), faded: state.q.map(() => 0) } }
    }
    if (fact.kind !== 'step' || signals(config).some((name) => fact.signals[name] === undefined)) return state
    const fades = config.absent === 'decay' && state.updates > 0
    return learn(config, state, fact, fades)
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      const missing = signals(config).map((name) => `\`${name}\``)
      return { kind: 'hold', because: `No update yet: no step has carried ${missing.join(' and ')}.` }
    }
    const { q, base } = state
    const weights = weigh(config, q)
    const observed = config.absent === 'keep' ? weights : weigh(config, unfaded(state))
    const absence = weights.map((weight, i) => weight - observed[i]!)
    const what = config.objective === 'progress' ? 'gain in reward' : 'size of advantages'
    return propose(
      {
        weights,
        summary: `SEC (${config.method}) after ${state.updates} updates: domains with a larger moving average of the ${what} gain.`,
        parts: {
          observed: observed.map((weight, i) => weight - base.weights[i]!),
          ...(config.absent === 'decay' ? { absence } : {}),
        },
        unchanged: 'The reports so far ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

function signals({ signal, objective }: SecConfig): readonly string[] {
  if (signal === 'passCounts') return ['successes', 'rollouts']
  if (objective === 'progress') return ['rewardSum', 'rollouts']
  return [objective === 'advantage' ? 'absAdvantageSum' : 'absUnnormalisedAdvantageSum', 'rollouts']
}

/** One step of temporal difference. The same state where nobody reported and nobody fades. */
function learn(config: SecConfig, state: SecState, fact: StepFact, fades: boolean): SecState {
  const { learningRate } = config
  const q = [...state.q]
  const lastReward = [...state.lastReward]
  const faded = [...state.base.faded]
  let reported = false
  for (let i = 0; i < q.length; i++) {
    const value = valueOf(config, fact, i)
    if (value === undefined && config.absent === 'keep') continue
    const kept = (1 - learningRate) * q[i]!
    if (value === undefined) {
      faded[i]! += kept - q[i]!
      q[i] = kept + 0
      continue
    }
    reported = true
    faded[i] = (1 - learningRate) * faded[i]! + 0
    const progresses = config.objective === 'progress'
    q[i] = kept + learningRate * (progresses ? value - lastReward[i]! : value) + 0
    if (progresses) lastReward[i] = value
  }
  if (!reported && !fades) return state
  return { q, lastReward, updates: state.updates + 1, base: { ...state.base, faded } }
}

/** What a domain reported: the size of its advantages, or its mean reward; undefined where it was absent. */
function valueOf(config: SecConfig, fact: StepFact, i: number): number | undefined {
  const { objective } = config
  const { absAdvantageSum, absUnnormalisedAdvantageSum, rewardSum, successes, rollouts } = fact.signals
  if (config.signal === 'passCounts') {
    const rate = meanSignal(fact, successes, rollouts, i)
    if (rate === undefined || !(rate >= 0 && rate <= 1)) return undefined
    if (objective === 'progress') return rate
    if (objective === 'unnormalisedAdvantage') return 2 * rate * (1 - rate)
    const { deviation, deviationEpsilon: epsilon } = config
    return meanAbsoluteAdvantage(successes![i]!, rollouts![i]!, { deviation, epsilon })
  }
  if (objective === 'progress') return meanSignal(fact, rewardSum, rollouts, i)
  const sums = objective === 'advantage' ? absAdvantageSum : absUnnormalisedAdvantageSum
  const mean = meanSignal(fact, sums, rollouts, i)
  return mean === undefined ? undefined : Math.abs(mean)
}

/** Q as it would be if no absent domain had faded since the base. */
function unfaded(state: SecState): readonly number[] {
  return state.q.map((one, i) => one - state.base.faded[i]!)
}

function weigh(config: SecConfig, q: readonly number[]): readonly number[] {
  if (config.method === 'normalizedQ') {
    let largest = config.lowestQ
    for (const one of q) if (one > largest) largest = one
    // Relative to the largest, so that no sum overflows.
    const values = q.map((one) => Math.max(one, config.lowestQ) / largest)
    const total = values.reduce((a, b) => a + b, 0)
    return values.map((value) => value / total)
  }
  if (config.method === 'greedy' && config.greedyWeights === 'selection') return select(config, q)
  return softmaxAt(q, config.temperature)
}

/** The best share 1 − ε, the others ε. */
function select({ epsilon }: SecConfig, q: readonly number[]): readonly number[] {
  const best = softmaxAt(q, 0)
  const others = best.filter((share) => share === 0).length
  return best.map((share) => (share > 0 ? (others > 0 ? 1 - epsilon : 1) * share : epsilon / others))
}
