import { byDomainProblems } from '../by-domain.js'
import { gaussianOverRanks, type RankBlock } from './gaussian-over-ranks.js'
import type { Policy, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { rankBlocks, rankingProblems } from './ranking.js'

type GaussianCurriculumConfig = {
  readonly ranking: readonly string[] | null
  readonly items: Readonly<Record<string, number>> | null
  readonly angle: boolean
  readonly rewardScale: number
  readonly target: number
  readonly steepness: number
  readonly stepSize: number | null
  readonly width: number | null
  readonly startRank: number
  readonly smallestShift: number
  readonly largestShift: number | null
  readonly updateEvery: number
  readonly sampleAt: 'newCenter' | 'oldCenter'
}

type Evidence = { readonly reward: number; readonly angle: number; readonly rollouts: number }

export type GaussianCurriculumState = {
  /** Where each domain lies in the ranking. */
  readonly blocks: readonly RankBlock[]
  readonly items: number
  readonly center: number
  /** The centre before the last update. */
  readonly previousCenter: number
  readonly shift: number
  /** Sums since the last update. */
  readonly pending: Evidence
  readonly updates: number
  /** Where the parts of the next explanation start: at the run's first weights, or at this centre once a mixture was taken on. */
  readonly base: { readonly weights: readonly number[]; readonly center: number | null }
}

const nothing: Evidence = { reward: 0, angle: 0, rollouts: 0 }
/** Beyond this nothing moves any more, and squares still have room. */
const farthest = 1e100

/**
 * The sampling rule of GAIN-RL (arXiv 2506.02281, official code) with domains in place of prompts: a Gaussian over
 * domains ranked from easy to hard, whose centre rises with the mean reward and, where it is reported, the angle signal.
 * O(K) a step; a decision takes an exponential for every item, fewer than 300 of them a domain.
 */
export const gaussianCurriculum: Policy<GaussianCurriculumConfig, GaussianCurriculumState> = {
  name: 'gaussian-curriculum',
  version: 1,
  title: 'Gaussian curriculum',
  purpose: 'Walks through domains ranked from easy to hard, faster while the model earns rewards.',
  cites: ['arXiv:2506.02281', 'github.com/wangqinsi1/GAINRL'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'There is no ranking you trust, domains are to be kept rather than walked through (a domain left behind goes to 0 without a floor among the guard rails), or there are fewer than about five domains. The published gain is for single prompts; for domains there is none.',
    mathematics: [
      'wᵢ ∝ Σ exp(−½·((rank − μ)/σ)²) over the items of domain i; a domain is one item unless `items` says more.',
      'μ ← μ + clamp(n·tanh(α·(r̄/scale − β)) + n·tanh(α·ā), smallest, largest), starting at μ₀.',
      'r̄ = Σ rewardSum / Σ rollouts and ā = Σ angleSum / Σ rollouts over all domains since the last update; without `angle` ā is 0.',
      'μ₀ is `startRank`, n `stepSize`, α `steepness`, β `target`, σ `width`, scale `rewardScale`.',
      'Left out, n is 1/16, σ 1/6 and the largest shift 1/8 of the ranked items. The official values 500, 1000 and 1000 for 8,000 items are 1/16, 1/8 and 1/8.',
    ],
    cost: 'O(K) a step. A decision takes one exponential for every ranked item of a domain of up to 64 items; larger domains are summed over cells of 1/16 of σ, fewer than 300. State grows with K only.',
    absentDomains:
      'Rewards are pooled over domains, so one that is absent, or has no rollouts, does not count in the mean and keeps its place in the ranking. A step without any rollouts changes nothing.',
    differences: [
      'The official rule ranks single prompts and draws them without replacement; drawing inside a domain is the trainer’s.',
      'Rewards: the official formula halves the mean reward, which supposes rewards from 0 to 2. With rewards of 0 and 1 its first term is never positive and the centre moves by the angle only. `rewardScale` 2 is the official one; say 1 for rewards from 0 to 1.',
      'Angle: the angle concentration of hidden states needs a hook in the forward pass, so it is off unless `angle` is set, and then `angleSum` is required.',
      'The centre only rises while `smallestShift` is 0, as in the official code, and goes on rising past the last rank. Where every exponential underflows there, the official weights are 0/0; here the nearest rank takes all.',
      '`sampleAt` newCenter is the verl trainer, in which an epoch is a batch, so that the centre moves in every step; oldCenter is the other official trainer, which samples once more with the old centre.',
      'The official shift is computed in float32; here everything is float64.',
      'The curriculum starts at `startRank` before any reward has come, as in the official code: its first mixture needs no evidence.',
    ],
  },
  signals: (config) => ['rewardSum', 'rollouts', ...(config.angle ? ['angleSum'] : [])],
  defaults: {
    ranking: null,
    items: null,
    angle: false,
    rewardScale: 2,
    target: 0.5,
    steepness: 2,
    stepSize: null,
    width: null,
    startRank: 0,
    smallestShift: 0,
    largestShift: null,
    updateEvery: 1,
    sampleAt: 'newCenter',
  },
  schema: {
    type: 'object',
    properties: {
      ranking: {
        description: 'Names of all domains, the easiest first; null: the order in which the run lists them.',
        type: ['array', 'null'],
        items: { type: 'string' },
      },
      items: {
        description:
          'How many ranked items each domain stands for, by domain name; null: one each, so that a rank is a domain.',
        type: ['object', 'null'],
        additionalProperties: { type: 'integer', minimum: 1, maximum: 1e15 },
      },
      angle: {
        description:
          'Whether the centre also follows the angle signal `angleSum` (sum over rollouts, no unit), which trainers get from hidden states.',
        type: 'boolean',
      },
      rewardScale: {
        description: 'The highest reward of a rollout: 2 in the official formula, 1 for rewards from 0 to 1.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      target: {
        description: 'Mean reward, as a share of the highest, above which it pushes the centre on.',
        type: 'number',
      },
      steepness: {
        description: 'How sharply the push answers to reward and angle: the factor inside tanh.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      stepSize: {
        description:
          'Ranks that either term moves the centre by at most, an update; null: 1/16 of the ranked items.',
        type: ['number', 'null'],
        minimum: 0,
      },
      width: {
        description: 'Standard deviation of the Gaussian, ranks; null: 1/6 of the ranked items.',
        type: ['number', 'null'],
        minimum: 1e-6,
      },
      startRank: {
        description: 'Where the centre starts; ranks count from 0.',
        type: 'number',
        minimum: -1e15,
        maximum: 1e15,
      },
      smallestShift: {
        description:
          'Lower bound of a shift, ranks; at 0 the centre never goes back, a negative one lets it.',
        type: 'number',
      },
      largestShift: {
        description: 'Upper bound of a shift, ranks; null: 1/8 of the ranked items.',
        type: ['number', 'null'],
      },
      updateEvery: {
        description: 'The centre moves on steps that are a multiple of this, by all rewards since the last.',
        type: 'integer',
        minimum: 1,
      },
      sampleAt: {
        description: 'Whether the mixture is that of the new centre or, one update late, of the old one.',
        enum: ['newCenter', 'oldCenter'],
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => [
    ...rankingProblems(config.ranking, start.domains),
    ...(config.items === null ? [] : byDomainProblems('items', config.items, start.domains)),
    ...(config.largestShift === null || config.smallestShift <= config.largestShift
      ? []
      : [
          `smallestShift: expected at most largestShift (${config.largestShift}), got ${config.smallestShift}; lower it or raise the other.`,
        ]),
  ],
  initialState(config, start) {
    const blocks = rankBlocks(config.ranking, config.items, start.domains)
    return {
      blocks,
      items: blocks.reduce((total, block) => total + block.items, 0),
      center: config.startRank + 0,
      previousCenter: config.startRank + 0,
      shift: 0,
      pending: nothing,
      updates: 0,
      base: { weights: start.weights, center: null },
    }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'mixture')
      return { ...state, base: { ...state.base, center: samplingCenter(config, state) } }
    if (fact.kind !== 'step') return state
    const pending = pool(config, state.pending, fact)
    if (fact.step % config.updateEvery !== 0 || pending.rollouts === 0)
      return pending === state.pending ? state : { ...state, pending }

    const shift = shiftFrom(config, state.items, pending)
    return {
      ...state,
      center: Math.min(Math.max(state.center + shift, -farthest), farthest) + 0,
      previousCenter: state.center,
      shift,
      pending: nothing,
      updates: state.updates + 1,
    }
  },
  decide(config, state, current) {
    const width = config.width ?? state.items / 6
    const at = (center: number) => gaussianOverRanks(state.blocks, center, width)
    const center = samplingCenter(config, state)
    const weights = at(center)
    const { base } = state
    const before = at(base.center ?? config.startRank)
    const moved = weights.map((weight, i) => weight - before[i]!)
    const where = `rank ${Number(center.toPrecision(4))} of 0 to ${state.items - 1}`
    return propose(
      {
        weights,
        summary:
          state.updates === 0
            ? `The curriculum starts with its centre at ${where}; it moves with the first step that carries \`rewardSum\` and \`rollouts\`.`
            : `Gaussian curriculum after ${state.updates} updates: its centre is at ${where}; the last update moved it by ${Number(state.shift.toPrecision(4))}.`,
        parts:
          base.center === null
            ? { ranking: before.map((weight, i) => weight - base.weights[i]!), center: moved }
            : { center: moved },
        unchanged:
          state.updates === 0
            ? 'No update yet: no step has carried `rollouts` with `rewardSum`, and the mixture is that of the first centre already.'
            : `The centre is at ${where}, whose mixture is in force; it moves on where the mean reward is above ${config.target * config.rewardScale}${config.angle ? ' or the angle signal positive' : ''}.`,
      },
      current,
    )
  },
}

function samplingCenter(config: GaussianCurriculumConfig, state: GaussianCurriculumState): number {
  return config.sampleAt === 'newCenter' ? state.center : state.previousCenter
}

/** Adds a step's sums; the same object where it has none. */
function pool(config: GaussianCurriculumConfig, before: Evidence, fact: StepFact): Evidence {
  const { rewardSum, rollouts, angleSum } = fact.signals
  if (rewardSum === undefined || rollouts === undefined || (config.angle && angleSum === undefined))
    return before
  let { reward, angle, rollouts: count } = before
  for (let i = 0; i < rollouts.length; i++) {
    if (fact.present[i] !== true || !(rollouts[i]! > 0)) continue
    reward += rewardSum[i]!
    count += rollouts[i]!
    if (config.angle) angle += angleSum![i]!
  }
  if (count === before.rollouts) return before
  return { reward: bounded(reward), angle: bounded(angle), rollouts: bounded(count) }
}

function shiftFrom(config: GaussianCurriculumConfig, items: number, evidence: Evidence): number {
  const { steepness, target, rewardScale } = config
  const stepSize = config.stepSize ?? items / 16
  const reward = evidence.reward / evidence.rollouts / rewardScale
  const angle = config.angle ? evidence.angle / evidence.rollouts : 0
  const wish = stepSize * Math.tanh(steepness * (reward - target)) + stepSize * Math.tanh(steepness * angle)
  return Math.min(Math.max(wish, config.smallestShift), config.largestShift ?? items / 8) + 0
}

/** Keeps sums of sums finite. */
function bounded(value: number): number {
  return Math.min(Math.max(value, -1e300), 1e300) + 0
}
