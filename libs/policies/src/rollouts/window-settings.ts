import type { PolicyStart } from '../policy.js'

export type Cadence = { readonly warmupSteps: number; readonly updateEvery: number }

/** Settings that rules on windows of values share: when they look, and what no domain falls below. */
export type WindowSettings = Cadence & {
  readonly floor: number | null
  readonly floorBy: 'mixing' | 'clamping'
}

export const windowDefaults = {
  floor: null,
  floorBy: 'mixing',
  warmupSteps: 0,
  updateEvery: 1,
} as const satisfies WindowSettings

export const windowSettingsSchema = {
  warmupSteps: {
    description:
      'The first step that may change the weights; what comes before only fills the windows. DataFlex-RL: 0, in its example 5.',
    type: 'integer',
    minimum: 0,
  },
  updateEvery: {
    description:
      'The weights change on steps that are a multiple of this; the windows see every step. DataFlex-RL: 1, in its example 5.',
    type: 'integer',
    minimum: 1,
  },
  floor: {
    description:
      'Share that every domain keeps; null takes that of the rule, lowered where it would leave less than half of the weight to the rule (mixing only).',
    type: ['number', 'null'],
    minimum: 0,
    maximum: 1,
  },
  floorBy: {
    description:
      'How the floor is kept: `mixing` holds it for sure; `clamping` raises and divides by the sum, as DataFlex-RL does, and ends a little below it.',
    enum: ['mixing', 'clamping'],
  },
} as const

/** The floor of DataFlex-RL's mixers. */
export const usualFloor = 0.05

/** The floor in force: the given one, or the usual one as far as it leaves the rule half of the weight. */
export function floorOf(
  { floor, floorBy }: Pick<WindowSettings, 'floor' | 'floorBy'>,
  usual: number,
  domains: number,
): number {
  return floor ?? (floorBy === 'mixing' ? Math.min(usual, 1 / (2 * domains)) : usual)
}

export function floorProblems(
  { floor, floorBy }: Pick<WindowSettings, 'floor' | 'floorBy'>,
  { domains }: PolicyStart,
): readonly string[] {
  if (floorBy === 'clamping' || (floor ?? 0) * domains.length <= 1) return []
  return [
    `floor: expected at most 1/${domains.length}, for ${domains.length} domains cannot all keep more, got ${floor}; lower it.`,
  ]
}

/** Whether a step changes the weights. */
export function isDue({ warmupSteps, updateEvery }: Cadence, step: number): boolean {
  return step >= warmupSteps && step % updateEvery === 0
}

/** Why nothing was decided yet, as the sentence of a hold. */
export function notYet({ warmupSteps, updateEvery }: Cadence, signals: readonly string[]): string {
  const missing = signals.length === 0 ? 'a loss' : signals.map((name) => `\`${name}\``).join(' and ')
  const due =
    warmupSteps === 0 && updateEvery === 1
      ? ''
      : `, or none of the steps from ${warmupSteps} on that are a multiple of ${updateEvery} has come`
  return `No update yet: no step has carried ${missing}${due}.`
}
