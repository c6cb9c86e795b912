import { byDomainProblems } from '../by-domain.js'
import { ascendBy, beginAscent, explainedUpToHere, type Ascent } from './evaluated-ascent.js'
import { exponentiatedStepAmong } from '../numerics/exponentiated-step.js'
import { keepFinite } from '../numerics/keep-finite.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { noTargets, targetProblems, targetProperties, targetsOf, type TargetConfig } from './target-losses.js'

type VelocituneConfig = TargetConfig & {
  /** Null: what the first evaluation of each domain measures. */
  readonly initialLosses: Readonly<Record<string, number>> | null
  readonly stepSize: number
  readonly smoothing: number
}

type VelocituneState = Ascent & {
  readonly targets: readonly (number | null)[]
  readonly initial: readonly (number | null)[]
  /** The share of the way that was still ahead of each domain at its last evaluation, `null` before the first. */
  readonly velocities: readonly (number | null)[]
}

/**
 * Velocitune (arXiv 2411.14318): after each evaluation w ∝ w·exp(V), where V is the share of the way from the initial to the
 * target loss that a domain still has ahead, so that all learn at one pace. O(K) an evaluation, nothing a step.
 */
export const velocitune: Policy<VelocituneConfig, VelocituneState> = {
  name: 'velocitune',
  version: 1,
  title: 'Velocitune',
  purpose:
    'Samples more from domains that have come a smaller part of their way to the loss they shall reach.',
  cites: ['arXiv:2411.14318', 'arXiv:2203.15556'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Nobody knows which loss each domain shall reach, or evaluations are rare: one of them moves a weight by a factor of at most exp(stepSize) against another. With a start loss at or below the target a domain has no way to go and the rule has nothing to say of it. It needs held-out losses by domain.',
    mathematics: [
      'After each evaluation, with held-out loss ℓᵢ, initial loss ℓᵢ0 and target ℓᵢ*: Vᵢ = (ℓᵢ − ℓᵢ*) / (ℓᵢ0 − ℓᵢ*), clamped to 0 … 1. 1 is no progress, 0 is arrived.',
      'uᵢ = wᵢ·exp(stepSize·Vᵢ) / Σⱼ wⱼ·exp(stepSize·Vⱼ), then wᵢ = (1 − smoothing)·uᵢ + smoothing/K.',
      'Equal V leave the weights as they are.',
      'Targets are given, or predicted for `targetSize`, the full data, by the law E + A/size^α through `targetPoints` of a proxy run (Chinchilla with the model fixed), by least squares with E, A ≥ 0.',
    ],
    cost: 'Nothing a step; O(K) with one exponential a domain an evaluation, O(K) a decision. State: about 8 K numbers, however long the run.',
    absentDomains:
      'Steps are not read. A domain without a loss in an evaluation keeps its share, of which smoothing alone takes; the evaluated ones divide anew what they have together. An evaluation that arrives in several messages of one step counts once.',
    differences: [
      'No official code is public; this follows restatements of the paper, so there is one variant.',
      'The paper leaves V undefined where the initial loss is not above the target: V is 0 there, and the decision counts such domains.',
      'The paper has no smoothing, so a weight may fade for good; `smoothing` (0 unless set) keeps each at or above smoothing/K. `stepSize` is 1 in the paper.',
      'Without `initialLosses` the first evaluation of each domain is its initial loss; the paper measures them before training.',
      'Guard rails and overrides do not feed back: the rule continues from its own weights.',
    ],
  },
  signals: () => [],
  evaluations: () => ({ loss: true }),
  defaults: { initialLosses: null, stepSize: 1, smoothing: 0, ...noTargets },
  example: ({ domains }) => ({ targetLosses: Object.fromEntries(domains.map(({ name }) => [name, 2])) }),
  schema: {
    type: 'object',
    properties: {
      initialLosses: {
        description:
          'The held-out loss of each domain before training, nats per token, by name. Null: the first one that an evaluation gives.',
        type: ['object', 'null'],
        additionalProperties: { type: 'number' },
      },
      stepSize: {
        description: 'Factor on the share of the way ahead in the exponent; 1 in the paper.',
        type: 'number',
        minimum: 0,
      },
      smoothing: {
        description: 'Share of the uniform mixture in every update, which is a floor of smoothing/K.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      ...targetProperties,
    },
    additionalProperties: false,
  },
  check: (config, start) => [
    ...targetProblems(config, start),
    ...(config.initialLosses === null
      ? []
      : byDomainProblems('initialLosses', config.initialLosses, start.domains)),
  ],
  initialState: (config, start) => ({
    ...beginAscent(start.weights),
    targets: targetsOf(config, start),
    initial: start.domains.map(({ name }) => {
      const given = config.initialLosses?.[name]
      return given === undefined ? null : given + 0
    }),
    velocities: start.domains.map(() => null),
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return explainedUpToHere(state)
    if (fact.kind !== 'evaluation') return state
    const measured = fact.loss.map((loss) => (loss !== null && Number.isFinite(loss) ? loss + 0 : null))
    const initial = state.initial.map((loss, i) => loss ?? measured[i] ?? null)
    const velocitiesOf = (losses: readonly (number | null)[]) =>
      losses.map((loss, i) => velocity(loss, initial[i]!, state.targets[i]!))
    const next = ascendBy(state, fact, config.smoothing, (weights, losses) =>
      exponentiatedStepAmong(
        weights,
        velocitiesOf(losses).map((share) => (share === null ? null : config.stepSize * share)),
      ),
    )
    if (next === state) return state
    const seen = velocitiesOf(measured)
    return { ...next, initial, velocities: state.velocities.map((held, i) => seen[i] ?? held) }
  },
  decide(_config, state, current) {
    if (state.evaluations === 0) {
      return {
        kind: 'hold',
        because: 'No update yet: no evaluation has given a held-out `loss` of a domain.',
      }
    }
    const stuck = state.initial.filter((loss, i) => loss !== null && loss <= (state.targets[i] ?? -Infinity))
    const aside =
      stuck.length === 0
        ? ''
        : ` ${stuck.length} of ${current.length} began at or below their target and count as arrived.`
    return propose(
      {
        weights: state.weights,
        summary: `Velocitune after ${state.evaluations} evaluations: domains with more of the way to their target ahead gain.${aside}`,
        parts: { velocity: state.moved.losses, smoothing: state.moved.smoothing },
        unchanged: `The held-out losses so far ask for the mixture that is already in force.${aside}`,
      },
      current,
    )
  },
}

/** The share of the way that is still ahead; 0 where there never was one. */
function velocity(loss: number | null, initial: number | null, target: number | null): number | null {
  if (loss === null || initial === null || target === null) return null
  if (!(initial > target)) return 0
  const way = keepFinite(initial) - keepFinite(target)
  return way > 0 ? Math.min(Math.max((keepFinite(loss) - keepFinite(target)) / way, 0), 1) : 0
}
