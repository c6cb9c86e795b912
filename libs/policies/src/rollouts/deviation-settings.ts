/** How the trainer turned rewards into advantages, for rules that compute them again from pass counts. */
export type DeviationSettings = {
  readonly deviation: 'unbiased' | 'population'
  readonly deviationEpsilon: number
}

export const deviationDefaults = {
  deviation: 'unbiased',
  deviationEpsilon: 1e-6,
} as const satisfies DeviationSettings

export const deviationSchema = {
  deviation: {
    description: 'The deviation a trainer divides advantages by (signal `passCounts` only).',
    enum: ['unbiased', 'population'],
  },
  deviationEpsilon: {
    description: 'What the trainer adds to that deviation (signal `passCounts` only).',
    type: 'number',
    minimum: 0,
  },
} as const
