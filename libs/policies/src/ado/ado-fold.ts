import { adoBatch, imputed, type AdoBatch } from './ado-batch.js'
import { refitIsDue, refitted } from './ado-refit.js'
import { historyRule, type AdoSettings } from './ado-settings.js'
import type { AdoState } from './ado-state.js'
import { adoStep } from './ado-step.js'
import { gather } from '../evaluations/gather-evaluation.js'
import { withRow } from './loss-history.js'
import type { EvaluationFact, StepFact } from '../policy.js'
import { toMixture } from '../numerics/to-mixture.js'

/** A step in the order of the published code: counts and credit, the row of losses, a refit that is due, the mixture. */
export function withStep(settings: AdoSettings, state: AdoState, fact: StepFact): AdoState {
  const batch = adoBatch(settings, fact)
  if (batch === undefined) return state
  const { step } = fact
  const counts = state.counts.map((count, i) => {
    // Mixtera counts shared data only for domains that have been seen.
    const shares =
      settings.sharedCount && (settings.variant !== 'mixtera' || count > 0 || batch.counts[i]! > 0)
    return Math.min(count + (shares ? batch.total : settings.sharedCount ? 0 : batch.counts[i]!), 1e300)
  })
  const learned = withLosses(
    settings,
    { ...state, counts, credit: creditAfter(settings, state, fact, batch) },
    batch,
  )
  const due = refitIsDue(settings, state.step, step)
  const fitted = { ...(due ? refitted(settings, learned, step) : learned), step }
  return step < settings.startStep || !isFitted(settings, fitted) ? fitted : withWeights(settings, fitted)
}

/** Official code: from realised counts; the paper: from the mixture they were drawn by; Mixtera: from its policy, later. */
function creditAfter(
  { variant, creditSmoothing }: AdoSettings,
  { credit }: AdoState,
  { inForce }: StepFact,
  { counts, total }: AdoBatch,
): readonly number[] {
  if (variant === 'mixtera') return credit
  return credit.map((old, i) => {
    const share = variant === 'paper' ? inForce[i]! : counts[i]! / total
    return (1 - creditSmoothing) * old + creditSmoothing * share
  })
}

function withLosses(settings: AdoSettings, state: AdoState, batch: AdoBatch): AdoState {
  const { sharedCount, variant } = settings
  const lastLosses = imputed(batch, state.lastLosses, variant === 'mixtera' ? 'nothing' : 'batchMean')
  if (settings.fit !== 'own' || settings.losses !== 'training') return { ...state, lastLosses }
  // Only blocks can leave a domain out; a filter needs every row.
  const losses = settings.smoothing === 'blockMean' ? batch.losses : lastLosses
  const counts = sharedCount && variant !== 'mixtera' ? state.counts.slice(0, 1) : state.counts
  return { ...state, lastLosses, history: withRow(state.history, { counts, losses }, historyRule(settings)) }
}

/** Held-out losses as the next point of every curve; an evaluation in several messages is one point. */
export function withEvaluation(settings: AdoSettings, state: AdoState, fact: EvaluationFact): AdoState {
  if (fact.step < settings.ignoreSteps || state.step === null) return state
  const usable = fact.loss.map((loss) =>
    loss !== null && loss > 0 && loss <= settings.highestLoss ? loss : null,
  )
  const gathered = gather(state.evaluation, fact.step, usable)
  if (gathered === undefined) return state
  const { newest, continues } = gathered
  const before = state.evaluation
  const history =
    before === null || continues
      ? state.history
      : withRow(state.history, { counts: before.counts, losses: before.losses }, historyRule(settings))
  return { ...state, history, evaluation: { ...newest, counts: state.counts } }
}

/** Whether there are laws to go by: of every domain where laws come all or none, of some otherwise. */
function isFitted({ adopt, variant }: AdoSettings, { laws, counts }: AdoState): boolean {
  return adopt === 'all'
    ? laws.every((law, i) => law !== null || (variant === 'mixtera' && counts[i] === 0))
    : laws.some((law) => law !== null)
}

function withWeights(settings: AdoSettings, state: AdoState): AdoState {
  const { weights, average, terms } = adoStep(settings, state, state.step!)
  if (toMixture(weights) === undefined) return state
  const { creditSmoothing: part } = settings
  const credit =
    settings.variant === 'mixtera'
      ? state.credit.map((old, i) => (1 - part) * old + part * weights[i]!)
      : state.credit
  return { ...state, weights, average, credit, terms, updates: state.updates + 1 }
}
