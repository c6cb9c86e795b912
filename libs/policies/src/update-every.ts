/** The cadence of rules that see only the steps they update on. Rules on windows see every step: `window-settings.ts`. */
export const updateEverySchema = {
  description: 'Update on steps that are a multiple of this; the steps between are ignored entirely.',
  type: 'integer',
  minimum: 1,
} as const
