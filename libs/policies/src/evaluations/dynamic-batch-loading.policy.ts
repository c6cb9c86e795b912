import { ascendBy, beginAscent, explainedUpToHere, type Ascent } from './evaluated-ascent.js'
import { exponentiatedStepAmong } from '../numerics/exponentiated-step.js'
import { keepFinite } from '../numerics/keep-finite.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { softmax } from '../numerics/softmax.js'
import { sum } from '../numerics/sum.js'
import { noTargets, targetProblems, targetProperties, targetsOf, type TargetConfig } from './target-losses.js'

type Variant = 'official' | 'official-bandit' | 'paper' | 'constant'

type DynamicBatchLoadingConfig = TargetConfig & {
  readonly variant: Variant
  readonly stepSize: number
  /** Null: what the variant has. */
  readonly smoothing: number | null
}

type DynamicBatchLoadingState = Ascent & { readonly targets: readonly (number | null)[] }

/** What the published code mixes in; its comment credits DoReMi, whose paper has 1e-3. */
const officialSmoothing = 1e-4

/**
 * Dynamic batch loading of Sheared-LLaMA (Xia et al. 2023, arXiv 2310.06694): after each evaluation w ∝ w·exp(loss − target),
 * so that every domain reaches its target loss at about the same time. O(K) an evaluation, nothing a step.
 */
export const dynamicBatchLoading: Policy<DynamicBatchLoadingConfig, DynamicBatchLoadingState> = {
  name: 'dynamic-batch-loading',
  version: 1,
  title: 'Dynamic batch loading',
  purpose: 'Samples more from domains whose held-out loss is still far above the loss they shall reach.',
  cites: ['arXiv:2310.06694', 'arXiv:2203.15556', 'github.com/princeton-nlp/LLM-Shearing'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Nobody knows which loss each domain shall reach: a target that is too low by a nat takes all weight in a few evaluations, for the rule has no memory of how long it tried. Where domains start at very different distances from their targets `velocitune` compares shares of the way instead. It needs held-out losses by domain.',
    mathematics: [
      'After each evaluation, with held-out loss ℓᵢ, target ℓᵢ* and c = `smoothing`: uᵢ = wᵢ·exp(stepSize·(ℓᵢ − ℓᵢ*)) / Σⱼ wⱼ·exp(stepSize·(ℓⱼ − ℓⱼ*)), then wᵢ = (1 − c)·uᵢ + c/K.',
      '`official`: as above with c = 0.0001; a domain below its target loses weight.',
      '`paper`: max(ℓᵢ − ℓᵢ*, 0) in place of ℓᵢ − ℓᵢ*, and c = 0.',
      '`official-bandit`: u = softmax(wᵢ + stepSize·(ℓᵢ − ℓᵢ*)), without the logarithm. The code offers it; it is not scale-free and forgets small weights.',
      '`constant`: w stays as the run started with it, which is how the code switches the rule off.',
      'Targets are given, for instance as losses of the source model, or predicted for `targetSize` by the law E + A/size^α (Chinchilla, with the other size fixed) through `targetPoints`, by least squares with E, A ≥ 0.',
    ],
    cost: 'Nothing a step; O(K) with one exponential a domain an evaluation, O(K) a decision. State: about 6 K numbers, however long the run.',
    absentDomains:
      'Steps are not read. A domain without a loss in an evaluation keeps its share, of which smoothing alone takes; the evaluated ones divide anew what they have together. An evaluation that arrives in several messages of one step counts once. A weight of 0 stays 0 in the rule, and comes back only by smoothing.',
    differences: [
      'Paper and official code: the code neither clips at 0 nor leaves smoothing out. `variant` says which; `smoothing` overrides the second.',
      'A domain without a held-out token has a loss of 0/0 in the code, which turns every weight into NaN for good; here it counts as not evaluated.',
      'float64 where the code has float32; the code divides by the sum in float64 at the end of each update, as here.',
      'The code predicts its targets outside the repository and reads fixed numbers; here `targetPoints` predict them. The scaling law paper minimises a Huber loss on logarithms, here it is least squares: points on a law give the same.',
      'Guard rails and overrides do not feed back: the rule continues from its own weights.',
    ],
  },
  signals: () => [],
  evaluations: (config) => (config.variant === 'constant' ? {} : { loss: true }),
  defaults: { variant: 'official', stepSize: 1, smoothing: null, ...noTargets },
  example: ({ domains }) => ({ targetLosses: Object.fromEntries(domains.map(({ name }) => [name, 2])) }),
  schema: {
    type: 'object',
    properties: {
      variant: {
        description:
          'The update of the published code (its "doremi" or its "bandit" mode), of the paper, or none at all.',
        enum: ['official', 'official-bandit', 'paper', 'constant'],
      },
      stepSize: {
        description: 'Factor on the distance to the target in the exponent, 1/nat; 1 in code and paper.',
        type: 'number',
        minimum: 0,
      },
      smoothing: {
        description:
          'Share of the uniform mixture in every update. Null: 0.0001 in the official variants, 0 in the paper.',
        type: ['number', 'null'],
        minimum: 0,
        maximum: 1,
      },
      ...targetProperties,
    },
    additionalProperties: false,
  },
  check: (config, start) => (config.variant === 'constant' ? [] : targetProblems(config, start)),
  initialState: (config, start) => ({ ...beginAscent(start.weights), targets: targetsOf(config, start) }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return explainedUpToHere(state)
    if (fact.kind !== 'evaluation' || config.variant === 'constant') return state
    const smoothing = config.smoothing ?? (config.variant === 'paper' ? 0 : officialSmoothing)
    return ascendBy(state, fact, smoothing, (weights, losses) =>
      raise(config, state.targets, weights, losses),
    )
  },
  decide(config, state, current) {
    if (config.variant === 'constant') {
      const because = 'The variant `constant` keeps the mixture that the run started with.'
      return propose({ weights: state.weights, summary: because, parts: {}, unchanged: because }, current)
    }
    if (state.evaluations === 0) {
      return {
        kind: 'hold',
        because: 'No update yet: no evaluation has given a held-out `loss` of a domain.',
      }
    }
    const above = state.newest!.losses.filter((loss, i) => loss !== null && loss > (state.targets[i] ?? loss))
    return propose(
      {
        weights: state.weights,
        summary: `Dynamic batch loading (${config.variant}) after ${state.evaluations} evaluations: domains further above their target loss gain; ${above.length} of ${current.length} are above it.`,
        parts: { distanceToTarget: state.moved.losses, smoothing: state.moved.smoothing },
        unchanged: 'The held-out losses so far ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

/** The update before smoothing. */
function raise(
  config: DynamicBatchLoadingConfig,
  targets: readonly (number | null)[],
  weights: readonly number[],
  losses: readonly (number | null)[],
): readonly number[] {
  const exponents = losses.map((loss, i) => {
    const target = targets[i] ?? null
    if (loss === null || target === null) return null
    const distance = loss - target
    return keepFinite(
      config.stepSize * keepFinite(config.variant === 'paper' ? Math.max(distance, 0) : distance),
    )
  })
  if (config.variant !== 'official-bandit') return exponentiatedStepAmong(weights, exponents)
  const mass = sum(weights.filter((_, i) => exponents[i] !== null))
  const shares = softmax(weights.map((weight, i) => weight + (exponents[i] ?? -Infinity)))
  return weights.map((weight, i) => (exponents[i] === null ? weight : mass * shares[i]!))
}
