import { byDomainProblems } from '../by-domain.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'
import { waterLevel } from './water-level.js'
import { zScores } from './z-scores.js'

type MostUnderservedConfig = {
  readonly progress: 'relative' | 'absolute'
  readonly reference: Readonly<Record<string, number>> | null
  readonly blockShare: number
  readonly water: number
}

export type MostUnderservedState = {
  /** The mixture that the run started with: what is not the block follows it. */
  readonly start: readonly number[]
  /** The loss that progress is measured from: the first evaluated one, or the reference. `null`: not known yet. */
  readonly from: readonly (number | null)[]
  /** The newest held-out loss. `null` until there is one to compare with `from`. */
  readonly loss: readonly (number | null)[]
  readonly evaluations: number
  /** The policy's own weights at the last mixture fact. */
  readonly base: readonly number[]
}

/**
 * Water-filling on progress, our analogue for domains of BIDS (Findings of EMNLP 2025): the next block of data goes to the
 * domain whose held-out loss has come down least. O(K) an evaluation, O(K log K) a decision.
 */
export const mostUnderserved: Policy<MostUnderservedConfig, MostUnderservedState> = {
  name: 'most-underserved',
  version: 1,
  title: 'Most underserved',
  purpose: 'Gives the next block of data to the domain that has made the least progress on held-out data.',
  cites: ['BIDS (Findings of EMNLP 2025)'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'A domain cannot improve, because it is learned already or its data is noise: it would be served for ever. Evaluations noisier than the progress between them also mislead it. There is no published evaluation of this rule.',
    mathematics: [
      'progressᵢ = (fromᵢ − lossᵢ) / fromᵢ, or fromᵢ − lossᵢ where `progress` is absolute; from is the first held-out loss, or the reference.',
      'zᵢ = (progressᵢ − mean) / standard deviation, over the domains with progress; all 0 where they do not differ.',
      'The block goes to the lowest z; domains with equal progress share it evenly.',
      'With `water` above 0 it is poured instead: shareᵢ = max(0, level − zᵢ) / water, the level being where the shares add up to 1.',
      'wᵢ = (1 − blockShare)·startᵢ + blockShare·shareᵢ',
    ],
    cost: 'Nothing a step; O(K) an evaluation and O(K log K) a decision. State grows with K only.',
    absentDomains:
      'A domain that an evaluation leaves out keeps its last progress. One that has none yet (no second evaluation, or no first without a reference to compare with) is not in the running and keeps the starting weights’ share of what is not the block. With fewer than two domains in the running the mixture stays.',
    differences: [
      'BIDS normalises the influence of every training example on each task and picks the example that helps the least-served task most. That needs a gradient for each example; this keeps only the idea, serving the least served, with progress on held-out loss for influence.',
      'With the whole block going to the lowest, z-scores and plain progress choose the same domain; they differ where water is poured, which the z-scores make independent of the scale of the losses.',
      '`blockShare` 1 is the literal rule and puts all data into one domain until the next evaluation. The default leaves three quarters to the starting mixture.',
      'Relative progress needs losses above 0 to measure from; an evaluation without one does not count as a first.',
    ],
  },
  signals: () => [],
  evaluations: () => ({ loss: true }),
  defaults: { progress: 'relative', reference: null, blockShare: 0.25, water: 0 },
  schema: {
    type: 'object',
    properties: {
      progress: {
        description: 'Improvement of the held-out loss as a share of where it began, or in nats per token.',
        enum: ['relative', 'absolute'],
      },
      reference: {
        description:
          'Held-out losses to measure from, nats per token by domain name, such as those of a reference model; null: the first evaluation.',
        type: ['object', 'null'],
        additionalProperties: { type: 'number' },
      },
      blockShare: {
        description:
          'Share of the data until the next decision that is the block; the rest follows the start.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      water: {
        description:
          'Standard deviations of progress that the block makes up for, over all domains together; 0 gives it all to the lowest.',
        type: 'number',
        minimum: 0,
        maximum: 1e6,
      },
    },
    additionalProperties: false,
  },
  check(config, start) {
    if (config.reference === null) return []
    const problems = byDomainProblems('reference', config.reference, start.domains)
    const unusable = Object.entries(config.reference).filter(
      ([, loss]) => config.progress === 'relative' && !(loss > 0),
    )
    return [
      ...problems,
      ...unusable.map(
        ([name, loss]) =>
          `reference.${name}: expected a loss above 0, of which progress is a share, got ${loss}; correct it, or choose absolute progress.`,
      ),
    ]
  },
  initialState(config, start) {
    const { reference } = config
    return {
      start: start.weights,
      from: start.domains.map(({ name }) => (reference === null ? null : reference[name]! + 0)),
      loss: start.domains.map(() => null),
      evaluations: 0,
      base: start.weights,
    }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return { ...state, base: weigh(config, state) ?? state.base }
    if (fact.kind !== 'evaluation' || fact.loss.every((loss) => loss === null)) return state
    return {
      ...state,
      from: state.from.map((from, i) => from ?? firstLoss(config, fact.loss[i] ?? null)),
      loss: state.loss.map((held, i) => {
        const loss = fact.loss[i] ?? null
        return loss === null || state.from[i] === null ? held : loss + 0
      }),
      evaluations: state.evaluations + 1,
    }
  },
  decide(config, state, current) {
    const progress = progressOf(config, state)
    const running = progress.flatMap((one, i) => (one === null ? [] : [i]))
    const weights = weigh(config, state)
    if (weights === undefined) {
      const needed = config.reference === null ? 'two evaluations' : 'an evaluation'
      return {
        kind: 'hold',
        because: `No update yet: progress can be compared once two domains have held-out losses of ${needed}, and ${running.length} have.`,
      }
    }
    const lowest = running.reduce((low, i) => (progress[i]! < progress[low]! ? i : low))
    const z = zScores(running.map((i) => progress[i]!))[running.indexOf(lowest)]!
    return propose(
      {
        weights,
        summary: `Most underserved after ${state.evaluations} evaluations: domain ${lowest + 1} of ${weights.length} has made the least progress (${progress[lowest]!.toPrecision(3)}${config.progress === 'relative' ? ' of its loss' : ' nats'}, z = ${z.toFixed(2)}); the least served get ${Number((100 * config.blockShare).toPrecision(4))} % of the data.`,
        parts: { block: weights.map((weight, i) => weight - state.base[i]!) },
        unchanged: 'The progress so far asks for the mixture that is already in force.',
      },
      current,
    )
  },
}

/** A loss to measure from: a share can only be taken of a positive one. */
function firstLoss({ progress }: MostUnderservedConfig, loss: number | null): number | null {
  return loss !== null && (progress === 'absolute' || loss > 0) ? loss + 0 : null
}

/** Progress of every domain, `null` where it cannot be told yet. */
function progressOf(
  config: MostUnderservedConfig,
  { from, loss }: MostUnderservedState,
): readonly (number | null)[] {
  return loss.map((now, i) => {
    if (now === null) return null
    const gained = from[i]! - now
    const progress = config.progress === 'relative' ? gained / from[i]! : gained
    return Math.min(Math.max(progress, -1e300), 1e300)
  })
}

/** The mixture it asks for; undefined while fewer than two domains can be compared. */
function weigh(config: MostUnderservedConfig, state: MostUnderservedState): readonly number[] | undefined {
  const progress = progressOf(config, state)
  const known = progress.filter((one) => one !== null)
  if (known.length < 2) return undefined
  const shares = config.water > 0 ? poured(known, config.water) : toLowest(known)
  let next = 0
  return progress.map(
    (one, i) =>
      (1 - config.blockShare) * state.start[i]! + config.blockShare * (one === null ? 0 : shares[next++]!),
  )
}

function toLowest(progress: readonly number[]): readonly number[] {
  const lowest = progress.reduce((low, one) => Math.min(low, one), Infinity)
  const tied = progress.filter((one) => one === lowest).length
  return progress.map((one) => (one === lowest ? 1 / tied : 0))
}

function poured(progress: readonly number[], water: number): readonly number[] {
  const z = zScores(progress)
  const level = waterLevel(z, water)
  return toMixture(z.map((height) => Math.max(0, level - height))) ?? toLowest(progress)
}
