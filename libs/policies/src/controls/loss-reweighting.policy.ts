import { byDomainProblems } from '../by-domain.js'
import type { Policy, PolicyStart, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { lossScores, lossStrategies, temperatureAt, type LossReweighting } from './reweight-losses.js'
import { sum } from '../numerics/sum.js'
import { toMixture } from '../numerics/to-mixture.js'

type LossReweightingConfig = LossReweighting & {
  readonly unit: 'sequence' | 'domain'
  readonly baseline: 'firstWindow' | 'reference' | 'none'
  readonly firstWindow: number
  readonly reference: Readonly<Record<string, number>>
  readonly prior: Readonly<Record<string, number>>
  readonly smoothing: number
}

type LossReweightingState = {
  readonly step: number
  readonly prior: readonly number[]
  /** What a domain's loss is measured from; `null` until it is known. */
  readonly baseline: readonly (number | null)[]
  /** Mean loss of the first window, and how many steps are in it (baseline `firstWindow`). */
  readonly first: readonly { readonly mean: number; readonly steps: number }[]
  /** Moving average of the loss, `null` before the first. */
  readonly loss: readonly (number | null)[]
}

/** Beyond this a mean loss counts as this, so that differences stay finite. */
const largestLoss = 1e300

/**
 * Dynamic loss-based reweighting (arXiv 2502.06733): a control that tells the trainer how to weigh the sequences of a batch
 * by their losses. With unit `domain` the same on domain losses, as sampling weights, which is ours. O(K) a step.
 */
export const lossReweighting: Policy<LossReweightingConfig, LossReweightingState> = {
  name: 'loss-reweighting',
  version: 1,
  title: 'Dynamic loss-based reweighting',
  purpose: 'Lets a trainer weigh the sequences of a batch by their losses, so that easy ones count less.',
  cites: [
    'arXiv:2502.06733',
    'github.com/sowmaster/Sample-Level-Loss-Reweighting-ICLR-2025',
    'github.com/foundation-model-stack/fms-fsdp',
  ],
  meaning: 'samplingProbability',
  output: 'weights and controls',
  guide: {
    avoidWhen:
      'The trainer cannot see the losses of all sequences of a global batch before it steps, or batches are small: the rule compares within one batch, and a single outlier presses all others together, which no strategy repairs. Clip losses in the trainer where that happens. With unit `domain`, also where domains differ in entropy and no baseline is set: code has a lower loss than web text for ever.',
    mathematics: [
      'hᵢ = δ·(2ℓᵢ − ℓ⁺ − ℓ⁻) / max(ℓ⁺ − ℓ⁻, rangeGuard), in [−δ, δ]; ℓᵢ is the mean token loss of sequence i (nats), ℓ⁻ and ℓ⁺ the extremes of the global batch.',
      'linUpper f = min(h + δ, δ); quadratic f = 1 − h²/δ²; extremes f = |h|; linear f = (h + δ)/2; readmeUniform f = h.',
      'wᵢ = exp(fᵢ / r) / Σⱼ exp(fⱼ / r), and the loss of the batch is Σ wᵢ ℓᵢ. With gradient averaging over W devices a trainer multiplies its partial sum by W.',
      'r(t) is `warmUpTemperature` for steps below `warmUpSteps`, then `temperature`; null means equal weights. The largest ratio of two weights is e^(1/r) with δ = 1: 12.18 at 0.4.',
      'Control `lossReweighting`: strategy, temperature, warmUpSteps, warmUpTemperature, delta, rangeGuard. The whole schedule is sent at the start, so that no decision has to come in time for the end of the warm-up. The mixture stays as it is.',
      'A trainer may report the sum of the weights by domain as a signal of its own, such as `sequenceWeightSum`; beside the share of sequences it shows the mixture that took effect. The policy does not read it.',
      'With unit `domain` (ours): xᵢ = moving average of the mean token loss of domain i − its baseline, h and f from x as above, wᵢ ∝ priorᵢ·exp(fᵢ / r). Parts: `prior` is the way from the current mixture to the prior, `losses` what the losses move from there.',
    ],
    cost: 'Nothing a step with unit `sequence`; O(K) with unit `domain`. A decision is O(K). State: five numbers a domain.',
    absentDomains:
      'With unit `sequence` domains play no part. With unit `domain` a domain that is not in a step keeps its average; one whose average or baseline is not known yet keeps its prior share, and the others share theirs.',
    differences: [
      'linear is in the trainer’s code only (`upper`); quadratic is called `mid` there.',
      'readmeUniform is what the README’s function returns for `uniform`: h itself, so weights in proportion to exp(h/r). Equal weights are a temperature of null.',
      'Defaults: strategy linUpper, r = 100 for 2000 steps as in the large-scale code, then 0.4 as in the GPT-2 code. The GPT-2 code does without reweighting for 1000 of 20,000 steps (warmUpTemperature null); the DataFlex port has r = 1, no warm-up and a guard of 1e-12.',
      'The GPT-2 trainer multiplies the weights by a factor for token lengths, normalised on each device, which the README leaves out. The large-scale branch takes the rows of the local rank for those of the global one, which is wrong on more than one node. Neither is imitated.',
      'A sequence whose loss is not finite has weight 0; in the published code it makes every weight NaN.',
      'The weights with unit `domain` are not in the paper and have no published evaluation.',
    ],
  },
  signals: () => [],
  defaults: {
    unit: 'sequence',
    strategy: 'linUpper',
    temperature: 0.4,
    warmUpSteps: 2000,
    warmUpTemperature: 100,
    delta: 1,
    rangeGuard: 1e-6,
    baseline: 'firstWindow',
    firstWindow: 100,
    reference: {},
    prior: {},
    smoothing: 0.9,
  },
  schema: {
    type: 'object',
    properties: {
      unit: {
        description: 'What is weighed: the sequences of a batch, by the trainer; or the domains, by us.',
        enum: ['sequence', 'domain'],
      },
      strategy: { description: 'Which losses gain.', enum: lossStrategies },
      temperature: {
        description:
          'r after the warm-up: small for a hard focus, large for equal weights; null switches off.',
        type: ['number', 'null'],
        minimum: 1e-6,
      },
      warmUpSteps: {
        description: 'Steps at the start, counted from 0, that have the temperature of the warm-up.',
        type: 'integer',
        minimum: 0,
      },
      warmUpTemperature: {
        description: 'r in the warm-up; null for equal weights.',
        type: ['number', 'null'],
        minimum: 1e-6,
      },
      delta: {
        description: 'Half the range that losses are normalised to.',
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1e6,
      },
      rangeGuard: {
        description: 'The range of the losses counts as at least this, nats.',
        type: 'number',
        minimum: 1e-300,
      },
      baseline: {
        description:
          'What the loss of a domain is measured from: its own mean over its first steps, a given one, or 0 (unit `domain` only).',
        enum: ['firstWindow', 'reference', 'none'],
      },
      firstWindow: {
        description: 'Steps of a domain that make its first window (unit `domain` only).',
        type: 'integer',
        minimum: 1,
      },
      reference: {
        description:
          'Reference loss of every domain by name, nats per token (unit `domain`, baseline `reference`).',
        type: 'object',
        additionalProperties: { type: 'number', minimum: -1e300, maximum: 1e300 },
      },
      prior: {
        description:
          'Share of every domain by name that the scores multiply, in any scale (unit `domain` only). Empty: the weights the run starts with.',
        type: 'object',
        additionalProperties: { type: 'number', minimum: 0 },
      },
      smoothing: {
        description: 'Share of the old value in the moving average of a loss (unit `domain` only).',
        type: 'number',
        minimum: 0,
        exclusiveMaximum: 1,
      },
    },
    additionalProperties: false,
  },
  check: (config, start) => (config.unit === 'domain' ? domainProblems(config, start) : []),
  initialState(config, start) {
    const { domains } = start
    const isSequence = config.unit === 'sequence'
    return {
      step: -1,
      prior: isSequence ? [] : priorOf(config, start),
      baseline: isSequence ? [] : domains.map(({ name }) => givenBaseline(config, name)),
      first: isSequence ? [] : domains.map(() => ({ mean: 0, steps: 0 })),
      loss: isSequence ? [] : domains.map(() => null),
    }
  },
  evolve: (config, state, fact) =>
    fact.kind === 'step' && config.unit === 'domain' ? watchLosses(config, state, fact) : state,
  decide(config, state, current) {
    if (config.unit === 'sequence') {
      const { strategy, temperature, warmUpSteps, warmUpTemperature, delta, rangeGuard } = config
      return {
        kind: 'steer',
        controls: {
          lossReweighting: { strategy, temperature, warmUpSteps, warmUpTemperature, delta, rangeGuard },
        },
        because: {
          summary: `The trainer weighs the sequences of a batch by ${strategy} at ${temperatureText(temperature)}${
            warmUpSteps > 0
              ? `, and for the first ${warmUpSteps} steps at ${temperatureText(warmUpTemperature)}`
              : ''
          }.`,
          parts: {},
        },
      }
    }
    const gaps = state.loss.map((loss, i) =>
      loss === null || state.baseline[i] === null ? NaN : loss - state.baseline[i]!,
    )
    if (gaps.every(Number.isNaN)) {
      return {
        kind: 'hold',
        because:
          config.baseline === 'firstWindow'
            ? `No update yet: no domain has reported a loss in ${config.firstWindow} steps.`
            : 'No update yet: no step has reported a loss with tokens.',
      }
    }
    const temperature = temperatureAt(config, state.step + 1)
    const weights = reweigh(
      state.prior,
      temperature === null ? gaps.map(() => 0) : scoresOf(config, gaps, temperature),
    )
    return propose(
      {
        weights,
        summary: `Losses by domain, reweighted by ${config.strategy} at ${temperatureText(temperature)} around the prior mixture.`,
        parts: {
          prior: state.prior.map((share, i) => share - current[i]!),
          losses: weights.map((weight, i) => weight - state.prior[i]!),
        },
        unchanged: 'The losses so far ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

function temperatureText(temperature: number | null): string {
  return temperature === null ? 'equal weights' : `temperature ${temperature}`
}

function scoresOf(
  config: LossReweightingConfig,
  gaps: readonly number[],
  temperature: number,
): readonly number[] {
  return lossScores(gaps, config).map((score) => score / temperature)
}

/** prior·exp(score), among the domains that have a score; the others keep their prior share. */
function reweigh(prior: readonly number[], scores: readonly number[]): readonly number[] {
  let highest = -Infinity
  scores.forEach((score, i) => {
    if (prior[i]! > 0 && score > highest) highest = score
  })
  const powers = prior.map((share, i) => (scores[i]! <= highest ? share * Math.exp(scores[i]! - highest) : 0))
  const total = sum(powers)
  const mass = sum(prior.filter((_, i) => !Number.isNaN(scores[i])))
  return prior.map((share, i) =>
    Number.isNaN(scores[i]) || total === 0 ? share : (mass * powers[i]!) / total,
  )
}

function watchLosses(
  config: LossReweightingConfig,
  state: LossReweightingState,
  fact: StepFact,
): LossReweightingState {
  const { smoothing } = config
  const loss = [...state.loss]
  const first = [...state.first]
  const baseline = [...state.baseline]
  for (let i = 0; i < loss.length; i++) {
    const mean = fact.lossSum[i]! / fact.tokens[i]!
    if (fact.present[i] !== true || !(fact.tokens[i]! > 0) || Number.isNaN(mean)) continue
    const seen = Math.min(Math.max(mean, -largestLoss), largestLoss) + 0
    const old = loss[i] ?? null
    loss[i] = old === null ? seen : smoothing * old + (1 - smoothing) * seen + 0
    if (config.baseline !== 'firstWindow' || baseline[i] !== null) continue
    const steps = first[i]!.steps + 1
    const window = first[i]!.mean * ((steps - 1) / steps) + seen / steps + 0
    first[i] = { mean: window, steps }
    if (steps === config.firstWindow) baseline[i] = window
  }
  return { ...state, step: fact.step, loss, first, baseline }
}

function givenBaseline(config: LossReweightingConfig, name: string): number | null {
  if (config.baseline === 'firstWindow') return null
  return config.baseline === 'reference' ? (config.reference[name] ?? 0) + 0 : 0
}

function priorOf(config: LossReweightingConfig, start: PolicyStart): readonly number[] {
  if (Object.keys(config.prior).length === 0) return start.weights
  return toMixture(start.domains.map(({ name }) => config.prior[name] ?? 0)) ?? start.weights
}

function domainProblems(config: LossReweightingConfig, start: PolicyStart): readonly string[] {
  const { prior, reference, baseline } = config
  const problems = [
    ...(Object.keys(prior).length === 0 ? [] : byDomainProblems('prior', prior, start.domains)),
    ...(baseline === 'reference' ? byDomainProblems('reference', reference, start.domains) : []),
  ]
  const isEmpty = Object.keys(prior).length > 0 && Object.values(prior).every((share) => share === 0)
  return isEmpty
    ? [...problems, 'prior: expected a share above 0, but every one is 0; give at least one domain a share.']
    : problems
}
