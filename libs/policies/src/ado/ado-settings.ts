import type { FitOptions } from './ado-fit.js'
import type { HistoryRule } from './loss-history.js'

export type AdoVariant = 'recommended' | 'official' | 'mixtera' | 'paper'

/** What differs between the variants; `null` in a configuration means what the variant has. */
type AdoPreset = {
  readonly countUnit: 'sequences' | 'tokens'
  readonly slopeExponentFloor: number
  readonly smoothing: 'blockMean' | 'savitzkyGolay' | 'none'
  readonly fewestPoints: number
  readonly highestLoss: number
  readonly lowestLogIrreducible: number
  readonly highestLogScale: number
  readonly bounds: 'hard' | 'soft'
  readonly adopt: 'each' | 'all'
  readonly refitsFrom: 'startStep' | 'zero'
}

export type AdoConfig = {
  readonly variant: AdoVariant
  readonly prior: 'start' | 'tokens'
  readonly fit: 'own' | 'advice'
  readonly parameters: readonly (readonly number[])[] | null
  readonly startStep: number
  readonly refitEvery: number
  readonly ignoreSteps: number
  readonly creditSmoothing: number
  readonly creditExponent: number
  readonly creditOf: 'share' | 'spread'
  readonly preferenceShare: number
  readonly floor: number
  readonly sharedCount: boolean
  readonly tokensPerCount: number
  readonly losses: 'training' | 'evaluation'
  readonly subsample: number
  readonly smoothingWindow: number
  readonly smoothingOrder: number
  readonly historyPoints: number
  readonly huberDelta: number
  readonly lowestExponent: number
  readonly highestExponent: number
} & { readonly [key in keyof AdoPreset]: AdoPreset[key] | null }

export type AdoSettings = Omit<AdoConfig, keyof AdoPreset> & AdoPreset

/** No bound on the irreducible loss: e^−20 nats is nothing. */
const unbounded = -20

const careful = {
  smoothing: 'blockMean',
  fewestPoints: 20,
  highestLoss: 30,
  lowestLogIrreducible: unbounded,
  highestLogScale: 15,
  bounds: 'hard',
  adopt: 'each',
} as const

const published = {
  smoothing: 'savitzkyGolay',
  fewestPoints: 1,
  highestLoss: 1e300,
  lowestLogIrreducible: 0.5,
  highestLogScale: 6.5,
  adopt: 'all',
} as const

const presets: Readonly<Record<AdoVariant, AdoPreset>> = {
  recommended: { ...careful, countUnit: 'tokens', slopeExponentFloor: 0.05, refitsFrom: 'startStep' },
  official: {
    ...published,
    countUnit: 'sequences',
    slopeExponentFloor: 0.05,
    bounds: 'soft',
    refitsFrom: 'zero',
  },
  mixtera: {
    ...published,
    countUnit: 'tokens',
    slopeExponentFloor: 0,
    bounds: 'hard',
    refitsFrom: 'startStep',
  },
  paper: { ...careful, countUnit: 'sequences', slopeExponentFloor: 0, refitsFrom: 'zero' },
}

export function adoSettings(config: AdoConfig): AdoSettings {
  const preset = presets[config.variant]
  return {
    ...config,
    countUnit: config.countUnit ?? preset.countUnit,
    slopeExponentFloor: config.slopeExponentFloor ?? preset.slopeExponentFloor,
    smoothing: config.smoothing ?? preset.smoothing,
    fewestPoints: config.fewestPoints ?? preset.fewestPoints,
    highestLoss: config.highestLoss ?? preset.highestLoss,
    lowestLogIrreducible: config.lowestLogIrreducible ?? preset.lowestLogIrreducible,
    highestLogScale: config.highestLogScale ?? preset.highestLogScale,
    bounds: config.bounds ?? preset.bounds,
    adopt: config.adopt ?? preset.adopt,
    refitsFrom: config.refitsFrom ?? preset.refitsFrom,
  }
}

export function historyRule(settings: AdoSettings): HistoryRule {
  const { losses, variant, ignoreSteps, smoothingWindow, smoothingOrder, historyPoints } = settings
  const evaluated = losses === 'evaluation'
  return {
    smoothing: evaluated ? 'none' : settings.smoothing,
    // Mixtera takes rows after the ignored ones where the official code takes the last ignored one too.
    firstRow: evaluated ? 0 : ignoreSteps + (variant === 'mixtera' ? 1 : 0),
    window: smoothingWindow,
    order: smoothingOrder,
    most: historyPoints,
  }
}

export function fitOptions(settings: AdoSettings): FitOptions {
  const { huberDelta, lowestExponent, highestExponent, lowestLogIrreducible, highestLogScale } = settings
  return {
    huberDelta,
    lowestExponent,
    highestExponent,
    lowestLogIrreducible,
    highestLogScale,
    penalty: settings.bounds === 'hard' ? Infinity : 1,
  }
}
