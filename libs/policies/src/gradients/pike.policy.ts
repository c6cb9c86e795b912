import { exponentiatedStepAmong } from '../numerics/exponentiated-step.js'
import { meanSignal } from '../rollouts/mean-signal.js'
import type { Controls, Policy, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { roundToTotal } from '../numerics/round-to-total.js'
import { softmax } from '../numerics/softmax.js'
import { toMixture } from '../numerics/to-mixture.js'
import { updateEverySchema } from '../update-every.js'

type PikeConfig = {
  readonly variant: 'paper' | 'balanced'
  readonly normFactor: number
  readonly varianceFactor: number
  readonly batchSize: number
  readonly minimumCount: number
  readonly balance: number
  readonly updateEvery: number
}

type PikeState = {
  readonly weights: readonly number[]
  /** Balanced variant: the last mean loss of every domain, `null` before the first. */
  readonly losses: readonly (number | null)[]
  readonly updates: number
  /** What each term moved since the last mixture fact. */
  readonly moved: { readonly norm: readonly number[]; readonly variance: readonly number[] }
}

/**
 * PiKE (Li et al. 2025, arXiv 2502.06244): where gradients of domains do not conflict, more of those with large gradients and
 * less of those with noisy ones lowers the loss fastest. Weights, and the counts of a batch as controls. O(K) an update.
 */
export const pike: Policy<PikeConfig, PikeState> = {
  name: 'pike',
  version: 1,
  title: 'PiKE',
  purpose:
    'Samples domains with large gradients and little gradient noise, where gradients of domains do not conflict.',
  cites: ['arXiv:2502.06244'],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'Gradients of domains pull against each other: the bound it minimises assumes that they do not; then take a rule that looks at alignments, such as DoGE. Domains must not be left behind: then the balanced variant, or GRAPE.',
    mathematics: [
      'n(k) is the squared norm of the gradient of domain k, v(k) the variance of the gradient of one sample: Σ over coordinates. Signals: `gradientSquaredNorm`, `gradientVariance` and `gradientReports` (how many reports the sums hold); n and v are sums divided by `gradientReports`.',
      'w(k) ← w(k)·exp(normFactor·n(k) − varianceFactor / (2·batchSize)·v(k)) / Σ. normFactor and varianceFactor are ζ₁ and ζ₂ of the paper, batchSize its b, in sequences.',
      'Control `batchCounts`: how many sequences of a batch each domain gets, batchSize·w rounded by largest remainder so that they add up to batchSize, each domain with a weight at least `minimumCount`.',
      'balanced: control `lossMultipliers` as well, balance·softmax(balance·L) of the last mean losses L of the domains, so that domains with a high loss count more. A trainer that multiplies its losses by them measures n and v of the multiplied losses.',
      'An update happens in steps that are a multiple of `updateEvery` and carry the signals. The paper estimates every T₀ steps; a trainer that measures only then leaves `updateEvery` at 1.',
      'How reports add up: squared norms and variances of shards of the parameters are sums, with a 1 in `gradientReports` from one rank; ranks or micro-batches that each estimate the whole send theirs with a 1 each, and the mean is taken.',
    ],
    cost: 'Two exponentials or logarithms a domain in an update, O(K), and a sort of K remainders in a decision. The state is four numbers a domain. For the trainer next to nothing: norms of gradients it has anyway.',
    absentDomains:
      'The paper estimates all domains in every update. Here a domain without a report keeps its share, and the others move within what they have together. In the balanced variant it keeps its last loss, or the mean of the others before it had one. A step that no domain reports changes nothing but losses.',
    differences: [
      'No code was found; this follows the paper. Its values of ζ₁ and ζ₂ were tuned and are not known to us: the defaults are only a place to start, because exponents scale with squared gradients.',
      'Variants: `paper` is the rule; `balanced` adds the loss multipliers of its balanced version, with balance (τ) between 1 and 3 in the paper.',
      'Rounding that keeps the total, and a minimum per domain, are ours; the paper rounds b·w. The mixture itself is not rounded.',
      'Guard rails and overrides do not feed back: the rule continues from its own weights. `batchCounts` follow what it proposes; a trainer under guard rails or overrides rounds the mixture it is sent instead.',
    ],
  },
  signals: () => ['gradientSquaredNorm', 'gradientReports', 'gradientVariance'],
  defaults: {
    variant: 'paper',
    normFactor: 0.1,
    varianceFactor: 1,
    batchSize: 256,
    minimumCount: 0,
    balance: 1,
    updateEvery: 1,
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'The rule alone, or with multipliers on the losses that help domains with a high loss.',
        enum: ['paper', 'balanced'],
      },
      normFactor: {
        description: 'How much a squared gradient norm raises a log-weight (ζ₁).',
        type: 'number',
        minimum: 0,
      },
      varianceFactor: {
        description: 'How much gradient variance, over twice the batch size, lowers a log-weight (ζ₂).',
        type: 'number',
        minimum: 0,
      },
      batchSize: {
        description:
          'Sequences in a global batch: it divides the variance, and is what `batchCounts` add up to.',
        type: 'integer',
        minimum: 1,
      },
      minimumCount: {
        description: 'Least sequences of a batch for each domain that has a weight.',
        type: 'integer',
        minimum: 0,
      },
      balance: {
        description: 'How strongly losses are balanced (τ; variant `balanced` only); 1 to 3 in the paper.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      updateEvery: updateEverySchema,
    },
    additionalProperties: false,
  },
  check(config, start) {
    const needed = config.minimumCount * start.domains.length
    return needed <= config.batchSize
      ? []
      : [
          `minimumCount: expected room for ${start.domains.length} domains in a batch of ${config.batchSize}, got ${config.minimumCount} each, which takes ${needed}; lower it or enlarge batchSize.`,
        ]
  },
  initialState: (_config, start) => ({
    weights: start.weights,
    losses: start.domains.map(() => null),
    updates: 0,
    moved: stillness(start.domains.length),
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return { ...state, moved: stillness(state.weights.length) }
    if (fact.kind !== 'step') return state
    const informed = config.variant === 'balanced' ? withLosses(state, fact) : state
    if (fact.step % config.updateEvery !== 0) return informed
    const { norms, both } = gains(config, fact)
    if (both.every((exponent) => exponent === null)) return informed

    const { weights: before, moved } = state
    const byNorm = exponentiatedStepAmong(before, norms)
    const weights = toMixture(exponentiatedStepAmong(before, both))
    if (weights === undefined) return informed
    return {
      ...informed,
      weights,
      updates: state.updates + 1,
      moved: {
        norm: moved.norm.map((total, i) => total + (byNorm[i]! - before[i]!)),
        variance: moved.variance.map((total, i) => total + (weights[i]! - byNorm[i]!)),
      },
    }
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      return {
        kind: 'hold',
        because: `No update yet: no step that is a multiple of ${config.updateEvery} has carried \`gradientSquaredNorm\` and \`gradientVariance\` of a domain, with a count in \`gradientReports\`.`,
      }
    }
    const controls: Controls = {
      batchCounts: roundToTotal(state.weights, config.batchSize, config.minimumCount),
      ...(config.variant === 'balanced' ? { lossMultipliers: multipliers(config, state.losses) } : {}),
    }
    return propose(
      {
        weights: state.weights,
        summary: `PiKE (${config.variant}) after ${state.updates} updates: domains with large gradients gain, those with noisy ones lose.`,
        parts: state.moved,
        unchanged: 'The gradients so far ask for the mixture that is already in force.',
        controls,
        // Counts follow the weights; multipliers change without them.
        ...(config.variant === 'balanced' ? { steers: true } : {}),
      },
      current,
    )
  },
}

function stillness(domains: number): PikeState['moved'] {
  const zeros = new Array<number>(domains).fill(0)
  return { norm: zeros, variance: zeros }
}

function withLosses(state: PikeState, fact: StepFact): PikeState {
  const losses = state.losses.map((old, i) => meanSignal(fact, fact.lossSum, fact.tokens, i) ?? old)
  return losses.every((loss, i) => loss === state.losses[i]) ? state : { ...state, losses }
}

type Exponents = readonly (number | null)[]

/** The exponent of every domain (`both`), and its part that the norm makes; `null` for domains without a report. */
function gains(config: PikeConfig, fact: StepFact): { readonly norms: Exponents; readonly both: Exponents } {
  const { gradientSquaredNorm, gradientVariance, gradientReports } = fact.signals
  const norms = new Array<number | null>(fact.present.length).fill(null)
  const both = new Array<number | null>(fact.present.length).fill(null)
  for (let k = 0; k < norms.length; k++) {
    const norm = meanSignal(fact, gradientSquaredNorm, gradientReports, k)
    const variance = meanSignal(fact, gradientVariance, gradientReports, k)
    if (norm === undefined || variance === undefined || norm < 0 || variance < 0) continue
    const gain = (norms[k] = bounded(config.normFactor * norm))
    both[k] = gain - bounded((config.varianceFactor / (2 * config.batchSize)) * variance)
  }
  return { norms, both }
}

/** balance · softmax(balance · loss); a domain that has had no loss counts as the mean of those that have. */
function multipliers(config: PikeConfig, losses: readonly (number | null)[]): readonly number[] {
  const known = losses.filter((loss) => loss !== null)
  const mean = known.reduce((total, loss) => total + loss / known.length, 0)
  return softmax(losses.map((loss) => config.balance * (loss ?? mean))).map((share) => config.balance * share)
}

/** Keeps the difference of the two terms a number. */
function bounded(term: number): number {
  return Math.min(term, 1e300)
}
