import { fitScalingLaw } from './ado-fit.js'
import { fitOptions, historyRule, type AdoSettings } from './ado-settings.js'
import type { AdoState } from './ado-state.js'
import { curveOf, pointsOf } from './loss-history.js'
import type { ScalingLaw } from './scaling-law.js'

/** Whether a multiple of the cadence has been reached or passed since the step before. */
export function refitIsDue(settings: AdoSettings, before: number | null, step: number): boolean {
  const { startStep, refitEvery, fit } = settings
  if (fit !== 'own' || step < startStep) return false
  const origin = settings.refitsFrom === 'startStep' ? startStep : 0
  if (before === null) return (step - origin) % refitEvery === 0
  return Math.floor((step - origin) / refitEvery) > Math.floor((before - origin) / refitEvery)
}

/** Fits every domain anew. What cannot be fitted keeps its law; where one refusal refuses all, every domain does. */
export function refitted(settings: AdoSettings, state: AdoState, step: number): AdoState {
  const rule = historyRule(settings)
  const points = [...pointsOf(state.history, rule), ...(state.evaluation === null ? [] : [state.evaluation])]
  const options = fitOptions(settings)
  const refusals: string[] = []
  const laws = state.laws.map((_, i) => {
    const { counts, losses } = curveOf(points, i)
    if (counts.length < settings.fewestPoints) {
      // Mixtera leaves out who has never been seen.
      if (state.counts[i]! > 0 || settings.variant !== 'mixtera')
        refusals.push(`a domain has ${counts.length} of the ${settings.fewestPoints} points that a fit needs`)
      return null
    }
    const law = fitScalingLaw({ counts, losses }, options)
    if (law === undefined) refusals.push('a smoothed loss is not positive')
    return law ?? null
  })
  return adopted(settings, state, laws, { step, refusal: refusals[0] ?? null })
}

/** Takes laws on: one by one, or all or none. */
export function adopted(
  settings: AdoSettings,
  state: AdoState,
  laws: readonly (ScalingLaw | null)[],
  { step, refusal }: { readonly step: number; readonly refusal: string | null },
): AdoState {
  const refused = settings.adopt === 'all' ? refusal !== null : laws.every((law) => law === null)
  if (refused) return { ...state, refusal: refusal ?? 'no number of it is finite' }
  return { ...state, laws: laws.map((law, i) => law ?? state.laws[i]!), fittedAt: step, refusal }
}

/** Laws from a flat list of three numbers a domain (logScale, logIrreducible, exponent); `null` where one is not finite. */
export function lawsFrom(numbers: readonly number[]): readonly (ScalingLaw | null)[] {
  return Array.from({ length: numbers.length / 3 }, (_, i) => {
    const [logScale, logIrreducible, exponent] = numbers.slice(3 * i, 3 * i + 3) as [number, number, number]
    const sound = [logScale, logIrreducible, exponent].every(Number.isFinite)
    // Adding 0 turns -0, which JSON cannot carry, into 0.
    return sound
      ? { logScale: logScale + 0, logIrreducible: logIrreducible + 0, exponent: exponent + 0 }
      : null
  })
}
