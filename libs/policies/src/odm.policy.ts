import type { Policy, StepFact } from './policy.js'
import { propose } from './propose.js'
import { softmax } from './softmax.js'
import { toMixture } from './to-mixture.js'

type OdmVariant =
  'official-smoothed' | 'official-smoothed-single' | 'official-exp3' | 'official-exp3-single' | 'paper'

type OdmConfig = {
  readonly variant: OdmVariant
  readonly warmupSteps: number
  readonly updateEvery: number
  readonly smoothing: number
  readonly rewardDivisor: number
  readonly stepsAreGlobal: boolean
  readonly lowestLoss: number
  readonly highestLoss: number
  readonly largestImportanceWeight: number
}

type OdmState = {
  readonly weights: readonly number[]
  /** Smoothed variants: the natural logarithm of the reward, `null` for a reward of 0. Otherwise the reward itself. */
  readonly reward: readonly (number | null)[]
  /** The floor of every domain, and of the update before, the inverse temperature. */
  readonly epsilon: number
  readonly previousEpsilon: number | null
  readonly updates: number
  /** Where the parts of the next explanation start: the policy's own weights at the last mixture fact. */
  readonly base: { readonly weights: readonly number[]; readonly exploration: number }
}

/**
 * Online Data Mixing (Albalak et al. 2023, arXiv 2312.02406): domains as arms of an adversarial bandit, training loss as
 * reward. With ε_t = min(1/K, √(ln K / (K t))): w = (1 − K ε_t)·share + ε_t. Uniform as long as t ≤ K ln K.
 * Cost per update: K logarithms and exponentials, O(K); nothing between updates and in warm-up.
 *
 * Variants; the official code and the paper are different rules:
 * - `official-smoothed`: reward = moving average of exp(loss), share = reward / Σ reward. What the published trainer runs.
 * - `official-smoothed-single`: same reward, share = softmax(ε_{t−1} · reward). The code's one-domain-a-step method.
 * - `official-exp3`: reward += loss / rewardDivisor / p, share = softmax(ε_{t−1} · reward).
 * - `official-exp3-single`: the same formula; in the code another method, for one domain a step.
 * - `paper`: reward = moving average of loss / p, share = softmax(ε_{t−1} · reward) (equations 2 to 4).
 *
 * Here p is the probability in force when the batch was sampled. The code takes its newest one, which is the same without
 * prefetching. Where we knowingly differ:
 * - exp(loss) lives as its logarithm and softmax takes the maximum out, where the code overflows (loss of 710 and more).
 * - A sampled domain without tokens counts as absent, where the code turns every weight into NaN for good.
 * - Smoothed and paper rules skip an update while no domain has ever had a reward, where the code divides by zero.
 * - Losses and importance weights are clamped; the defaults do so only where numbers would stop being finite.
 */
export const odm: Policy<OdmConfig, OdmState> = {
  name: 'odm',
  version: 1,
  title: 'Online Data Mixing',
  purpose:
    'Samples more from domains with high training loss, while exploring every domain, at almost no cost.',
  cites: ['arXiv:2312.02406', 'github.com/alon-albalak/online-data-mixing'],
  meaning: 'samplingProbability',
  signals: () => [],
  defaults: {
    variant: 'official-smoothed',
    warmupSteps: 0,
    updateEvery: 1,
    smoothing: 0.9,
    rewardDivisor: 10,
    stepsAreGlobal: true,
    lowestLoss: -1e9,
    highestLoss: 1e9,
    largestImportanceWeight: 1e6,
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description:
          'Which of the published rules: the smoothed batch method is what the official trainer runs.',
        enum: [
          'official-smoothed',
          'official-smoothed-single',
          'official-exp3',
          'official-exp3-single',
          'paper',
        ],
      },
      warmupSteps: {
        description:
          'Steps at the start that keep the mixture and leave no trace; the published scripts use 2000 of 100,000.',
        type: 'integer',
        minimum: 0,
      },
      updateEvery: {
        description: 'Update on steps that are a multiple of this; the steps between are ignored entirely.',
        type: 'integer',
        minimum: 1,
      },
      smoothing: {
        description:
          'Share of the old reward in its moving average (smoothed variants and paper); the main scripts use 0.5.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      rewardDivisor: {
        description: 'Divides the loss in the exp3 variants.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      stepsAreGlobal: {
        description:
          'Whether the step number in ε counts warm-up steps, as in the official code, or starts after them.',
        type: 'boolean',
      },
      lowestLoss: { description: 'Mean losses below this count as this, nats.', type: 'number' },
      highestLoss: {
        description:
          'Mean losses above this count as this, nats; ln(vocabulary size) tames a diverged domain.',
        type: 'number',
      },
      largestImportanceWeight: {
        description:
          'Bounds 1/p in the exp3 and paper variants, for domains that were sampled against the odds.',
        type: 'number',
        minimum: 1,
      },
    },
    additionalProperties: false,
  },
  check: (config) =>
    config.lowestLoss < config.highestLoss
      ? []
      : [
          `lowestLoss: expected less than highestLoss (${config.highestLoss}), got ${config.lowestLoss}; lower it or raise the other.`,
        ],
  initialState: (config, start) => ({
    weights: start.weights,
    reward: start.domains.map(() => (isSmoothed(config.variant) ? null : 0)),
    epsilon: 1 / start.domains.length,
    previousEpsilon: null,
    updates: 0,
    base: { weights: start.weights, exploration: 0 },
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture')
      return { ...state, base: { weights: state.weights, exploration: exploration(state) } }
    if (fact.kind !== 'step' || fact.step <= config.warmupSteps || fact.step % config.updateEvery !== 0)
      return state

    const reward = isSmoothed(config.variant)
      ? smoothedReward(config, state, fact)
      : weightedReward(config, state, fact)
    const untouched = isSmoothed(config.variant)
      ? reward.every((one) => one === null)
      : reward.every((one) => one === 0)
    if (untouched && !config.variant.startsWith('official-exp3')) return state

    const domains = state.weights.length
    const time = config.stepsAreGlobal ? fact.step : fact.step - config.warmupSteps
    const epsilon = Math.min(1 / domains, Math.sqrt(Math.log(domains) / (domains * time)))
    const shares = softmax(logits(config.variant, reward, state.epsilon))
    const exploited = Math.max(0, 1 - domains * epsilon)
    const weights = toMixture(shares.map((share) => exploited * share + epsilon))
    if (weights === undefined) return state
    return { ...state, weights, reward, epsilon, previousEpsilon: state.epsilon, updates: state.updates + 1 }
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      return {
        kind: 'hold',
        because: `No update yet: the first follows a step after ${config.warmupSteps} that is a multiple of ${config.updateEvery} and reports a loss.`,
      }
    }
    const explored = state.epsilon - state.base.exploration
    return propose(
      {
        weights: state.weights,
        summary: `ODM (${config.variant}) after ${state.updates} updates: domains with a higher ${isSmoothed(config.variant) ? 'moving average of exp(loss)' : 'importance-weighted loss'} gain; each keeps at least ${state.epsilon.toPrecision(4)}.`,
        parts: {
          exploitation: state.weights.map((weight, i) => weight - state.base.weights[i]! - explored),
          exploration: state.weights.map(() => explored),
        },
        unchanged: 'The rewards so far ask for the mixture that is already in force.',
        controls: { epsilon: state.epsilon },
      },
      current,
    )
  },
}

function isSmoothed(variant: OdmVariant): boolean {
  return variant === 'official-smoothed' || variant === 'official-smoothed-single'
}

/** What of every weight is exploration: before the first update nothing is. */
function exploration(state: OdmState): number {
  return state.updates === 0 ? 0 : state.epsilon
}

/** Mean loss of a domain, clamped; undefined where it was absent or had no token. */
function meanLoss(config: OdmConfig, fact: StepFact, i: number): number | undefined {
  const tokens = fact.tokens[i]!
  const mean = fact.lossSum[i]! / tokens
  if (fact.present[i] !== true || !(tokens > 0) || Number.isNaN(mean)) return undefined
  return Math.min(Math.max(mean, config.lowestLoss), config.highestLoss)
}

/** ln(a·exp(old) + (1 − a)·exp(loss)), old being a logarithm too. */
function smoothedReward(config: OdmConfig, state: OdmState, fact: StepFact): readonly (number | null)[] {
  const keep = Math.log(config.smoothing)
  const take = Math.log1p(-config.smoothing)
  return state.reward.map((old, i) => {
    const loss = meanLoss(config, fact, i)
    if (loss === undefined) return old
    const kept = old === null ? -Infinity : keep + old
    const taken = take + loss
    const larger = Math.max(kept, taken)
    if (larger === -Infinity) return null
    return larger + Math.log1p(Math.exp(Math.min(kept, taken) - larger))
  })
}

/** Importance-weighted losses, summed (exp3) or averaged (paper). */
function weightedReward(config: OdmConfig, state: OdmState, fact: StepFact): readonly number[] {
  return state.reward.map((before, i) => {
    const old = before ?? 0
    const loss = meanLoss(config, fact, i)
    if (loss === undefined) return old
    const rarity = Math.min(1 / Math.max(fact.inForce[i]!, 0), config.largestImportanceWeight)
    return config.variant === 'paper'
      ? config.smoothing * old + (1 - config.smoothing) * loss * rarity
      : old + (loss / config.rewardDivisor) * rarity
  })
}

/** What softmax is to be taken of. `epsilon` is the one of the update before: the inverse temperature. */
function logits(variant: OdmVariant, reward: readonly (number | null)[], epsilon: number): readonly number[] {
  if (variant === 'official-smoothed') return reward.map((one) => one ?? -Infinity)
  if (variant !== 'official-smoothed-single') return reward.map((one) => epsilon * (one ?? 0))
  // ε·(exp(rᵢ) − exp(r_max)), of which no factor needs to be representable.
  let largest = -Infinity
  for (const one of reward) if (one !== null && one > largest) largest = one
  const scale = Math.log(epsilon) + largest
  return reward.map((one) => -Math.exp(scale + Math.log(-Math.expm1((one ?? -Infinity) - largest))))
}
