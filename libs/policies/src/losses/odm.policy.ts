import {
  explorationAt,
  isAverage,
  isSmoothed,
  logits,
  meanLoss,
  rewardsAfter,
  withoutBias,
  type OdmConfig,
  type Rewards,
} from './odm-rewards.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { softmax } from '../numerics/softmax.js'
import { toMixture } from '../numerics/to-mixture.js'
import { updateEverySchema } from '../update-every.js'

type OdmState = {
  readonly weights: readonly number[]
  readonly reward: Rewards
  /** The floor of every domain, and of the update before, the inverse temperature. */
  readonly epsilon: number
  readonly previousEpsilon: number | null
  readonly updates: number
  /** With bias correction: how often each domain had a loss. */
  readonly observations?: readonly number[]
  /** Where the parts of the next explanation start: the policy's own weights at the last mixture fact. */
  readonly base: { readonly weights: readonly number[]; readonly exploration: number }
}

/**
 * Online Data Mixing (Albalak et al. 2023, arXiv 2312.02406): domains as arms of an adversarial bandit, training loss as
 * reward. Four published rules, the paper's, and that of another trainer. 2 K logarithms and exponentials an update, O(K).
 */
export const odm: Policy<OdmConfig, OdmState> = {
  name: 'odm',
  version: 1,
  title: 'Online Data Mixing',
  purpose:
    'Samples more from domains with high training loss, while exploring every domain, at almost no cost.',
  cites: ['arXiv:2312.02406', 'github.com/alon-albalak/online-data-mixing', 'github.com/OpenDCAI/DataFlex'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'A high loss does not mean that there is much to learn: noisy domains draw weight, and domains of low entropy, such as code, are starved. Then take DoReMi (excess over a reference) or ADO (how fast the loss still falls). In short runs nothing happens: the mixture is exactly uniform for the first K ln K updates.',
    mathematics: [
      'ε(0) = 1/K; ε(t) = min(1/K, √(ln K / (K·t))). t is the step, with warm-up counted where `stepsAreGlobal` says so.',
      'w(i) = (1 − K·ε(t))·share(i) + ε(t): the present ε is the floor, the one of the update before is the inverse temperature. Uniform while t ≤ K ln K.',
      'official-smoothed: R(i) ← a·R(i) + (1 − a)·exp(loss(i)); share = R / Σ R. What the published trainer runs: sampling in proportion to a moving average of perplexity.',
      'official-smoothed-single: the same R; share = softmax(ε(t−1)·R).',
      'official-exp3 and official-exp3-single: R(i) ← R(i) + loss(i) / rewardDivisor / p(i); share = softmax(ε(t−1)·R).',
      'paper: R(i) ← a·R(i) + (1 − a)·loss(i) / p(i); share = softmax(ε(t−1)·R) (equations 2 to 4).',
      'dataflex: R(i) ← clip(a·R(i) + (1 − a)·rewardScale·loss(i) / p(i), ± rewardClip); share = softmax(max(x − max x, −exponentClip)) with x = ε(t−1)·R; ε(t) is at least explorationFloor, and t counts from the end of warm-up.',
      'loss(i) is the mean loss per token of the step, lossSum / tokens, in nats; a is `smoothing`; p(i) is the probability in force when the batch was sampled. Only domains with a loss in the step change their R.',
      'With `biasCorrection` share is taken of R(i) / (1 − aᵐ) after m observations of domain i: without it a moving average that starts at 0 has reached 0.1, 0.19, 0.271, … of its target for a = 0.9, and domains seen more often look better.',
    ],
    cost: 'Two logarithms or exponentials a domain in every update, O(K); nothing between updates and in warm-up. The state is three numbers a domain.',
    absentDomains:
      'A domain without a loss in a step keeps its reward. One that has had none since warm-up sits exactly at the floor ε in official-smoothed, and counts as a reward of 0 in the other variants. While no domain has ever had a reward, smoothed and paper variants change nothing; exp3 and dataflex go to uniform, as the published programs do.',
    differences: [
      'The paper and its code are different rules: the trainer calls the batch method of official-smoothed, whose ε(t−1) cancels and which has no importance weights. The `-single` methods are for one domain a step. Which of them made the published numbers is not known.',
      'dataflex is a second, independent implementation (OpenDCAI/DataFlex, made for one domain a step). It updates in every step after warm-up, even without a loss, does not read `stepsAreGlobal` or `rewardDivisor`, and divides by its own last weights, which is the same without prefetching. With explorationFloor · K above 1 it stays uniform. There the warm-up is 2000 steps by default.',
      'The published code takes its newest probability for p; ours is the one in force at sampling.',
      'exp(loss) lives as its logarithm and softmax takes the maximum out, where the code overflows (losses of 710 and more; exp3 at 1e5; the single smoothed method at 20).',
      'A sampled domain without tokens counts as absent, where the code turns every weight into a NaN for good.',
      'Smoothed and paper variants skip an update while no domain has ever had a reward, where the code divides by zero.',
      'Losses are clamped to `lowestLoss` and `highestLoss`, importance weights to `largestImportanceWeight`; the defaults bite only where numbers would stop being finite. 0 and ln(vocabulary size) tame a domain that diverged.',
      'Bias correction is ours, and off by default; exp3 has no moving average to correct.',
    ],
  },
  signals: () => [],
  defaults: {
    variant: 'official-smoothed',
    warmupSteps: 0,
    updateEvery: 1,
    smoothing: 0.9,
    biasCorrection: false,
    rewardDivisor: 10,
    stepsAreGlobal: true,
    lowestLoss: -1e9,
    highestLoss: 1e9,
    largestImportanceWeight: 1e6,
    rewardScale: 15,
    rewardClip: 1e4,
    exponentClip: 5,
    explorationFloor: 0.03,
  },
  laterSettings: ['biasCorrection', 'rewardScale', 'rewardClip', 'exponentClip', 'explorationFloor'],
  schema: {
    type: 'object',
    properties: {
      variant: {
        description:
          'Which of the published rules: the smoothed batch method is what the official trainer runs; dataflex is another trainer.',
        enum: [
          'official-smoothed',
          'official-smoothed-single',
          'official-exp3',
          'official-exp3-single',
          'paper',
          'dataflex',
        ],
      },
      warmupSteps: {
        description:
          'Steps at the start that keep the mixture and leave no trace; the published scripts use 2000 of 100,000.',
        type: 'integer',
        minimum: 0,
      },
      updateEvery: updateEverySchema,
      smoothing: {
        description:
          'Share of the old reward in its moving average (all variants but exp3); the main scripts use 0.5.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      biasCorrection: {
        description:
          'Whether moving averages are freed of the zero they start from, so that seldom seen domains do not look easy. Off in the official code.',
        type: 'boolean',
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
          'Bounds 1/p in all but the smoothed variants, for domains that were sampled against the odds.',
        type: 'number',
        minimum: 1,
      },
      rewardScale: {
        description: 'Multiplies the loss (variant `dataflex` only).',
        type: 'number',
        exclusiveMinimum: 0,
      },
      rewardClip: {
        description: 'Bounds the size of a reward (variant `dataflex` only); null: no bound.',
        type: ['number', 'null'],
        exclusiveMinimum: 0,
      },
      exponentClip: {
        description:
          'How far below the largest exponent another may be (variant `dataflex` only): with 5 the largest share is at most 148 times the smallest. null: no bound.',
        type: ['number', 'null'],
        exclusiveMinimum: 0,
      },
      explorationFloor: {
        description: 'Smallest exploration per domain (variant `dataflex` only); 0 lets it decay.',
        type: 'number',
        minimum: 0,
        maximum: 1,
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
    ...(corrects(config) ? { observations: start.domains.map(() => 0) } : {}),
    base: { weights: start.weights, exploration: 0 },
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture')
      return { ...state, base: { weights: state.weights, exploration: exploration(state) } }
    if (fact.kind !== 'step' || fact.step <= config.warmupSteps || fact.step % config.updateEvery !== 0)
      return state

    const { variant } = config
    const reward = rewardsAfter(config, state.reward, fact)
    const untouched = reward.every((one) => one === (isSmoothed(variant) ? null : 0))
    if (untouched && !variant.startsWith('official-exp3') && variant !== 'dataflex') return state

    const domains = state.weights.length
    const isGlobal = config.stepsAreGlobal && variant !== 'dataflex'
    const epsilon = explorationAt(config, domains, isGlobal ? fact.step : fact.step - config.warmupSteps)
    const observations = state.observations?.map(
      (seen, i) => seen + Number(meanLoss(config, fact, i) !== undefined),
    )
    const compared = observations === undefined ? reward : withoutBias(config, reward, observations)
    const shares = softmax(logits(config, compared, state.epsilon))
    const exploited = Math.max(0, 1 - domains * epsilon)
    const weights = toMixture(shares.map((share) => exploited * share + epsilon))
    if (weights === undefined) return state
    const counted = observations === undefined ? {} : { observations }
    const { epsilon: previousEpsilon, updates } = state
    return { ...state, weights, reward, epsilon, previousEpsilon, updates: updates + 1, ...counted }
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      return {
        kind: 'hold',
        because: `No update yet: the first follows a step after ${config.warmupSteps} that is a multiple of ${config.updateEvery} and reports a loss.`,
      }
    }
    const explored = exploration(state) - state.base.exploration
    return propose(
      {
        weights: state.weights,
        summary: `ODM (${config.variant}) after ${state.updates} updates: domains with a higher ${isSmoothed(config.variant) ? 'moving average of exp(loss)' : 'importance-weighted loss'} gain; each keeps at least ${exploration(state).toPrecision(4)}.`,
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

/** What of every weight is exploration: before the first update nothing is, and more than an even share never. */
function exploration(state: OdmState): number {
  return state.updates === 0 ? 0 : Math.min(state.epsilon, 1 / state.weights.length)
}

/** Whether the rule corrects the bias of its averages: only where it has some. */
function corrects(config: OdmConfig): boolean {
  return config.biasCorrection && isAverage(config.variant)
}
