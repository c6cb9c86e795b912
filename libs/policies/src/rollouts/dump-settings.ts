import type { ConfigSchema } from '../policy.js'
import { deviationDefaults, deviationSchema, type DeviationSettings } from './deviation-settings.js'
import { windowDefaults, windowSettingsSchema, type WindowSettings } from './window-settings.js'

export type DumpConfig = Omit<WindowSettings & DeviationSettings, 'floorBy'> & {
  readonly variant: 'paper' | 'dataflex' | 'dataflex-as-wired'
  readonly signal: 'sums' | 'passCounts'
  readonly windowRollouts: number | null
  readonly temperature: number | null
  readonly explorationWeight: number
  readonly bonusCounts: 'rollouts' | 'prompts'
  readonly floorBy: 'mixing' | 'clamping' | null
  readonly validationScores: Readonly<Record<string, string>> | null
}

export const dumpDefaults: DumpConfig = {
  variant: 'paper',
  signal: 'sums',
  windowRollouts: null,
  temperature: null,
  explorationWeight: 1,
  bonusCounts: 'rollouts',
  ...windowDefaults,
  floorBy: null,
  ...deviationDefaults,
  validationScores: null,
}

export const dumpSchema: ConfigSchema = {
  type: 'object',
  properties: {
    variant: {
      description:
        'The rule of the paper, or the second opinion of DataFlex-RL as documented or as its trainer wires it.',
      enum: ['paper', 'dataflex', 'dataflex-as-wired'],
    },
    signal: {
      description:
        'What trainers report: sums of |advantage| (of rewards in `dataflex-as-wired`) over rollouts, or pass counts.',
      enum: ['sums', 'passCounts'],
    },
    windowRollouts: {
      description: 'Rollouts a window holds, per domain; null takes that of the variant: 300 or 50.',
      type: ['integer', 'null'],
      minimum: 1,
    },
    temperature: {
      description:
        'Divides the scores, which are sizes of advantages; null takes that of the variant: 0.1 or 1. 0 takes the best domains only.',
      type: ['number', 'null'],
      minimum: 0,
    },
    explorationWeight: {
      description: 'Factor c on the exploration bonus; without effect in `dataflex-as-wired`.',
      type: 'number',
      minimum: 0,
    },
    bonusCounts: { description: 'What n counts in the bonus.', enum: ['rollouts', 'prompts'] },
    ...windowSettingsSchema,
    floor: {
      ...windowSettingsSchema.floor,
      description: `${windowSettingsSchema.floor.description} The paper has none, DataFlex-RL 0.05.`,
    },
    floorBy: {
      description: `${windowSettingsSchema.floorBy.description} Null takes that of the variant: clamping in DataFlex-RL, else mixing.`,
      enum: ['mixing', 'clamping', null],
    },
    ...deviationSchema,
    validationScores: {
      description:
        'Evaluation score, by name of the domain, that counts as one rollout as in the official code; null reads none.',
      type: ['object', 'null'],
      additionalProperties: { type: 'string', minLength: 1 },
    },
  },
  additionalProperties: false,
}

/** Sums over the rollouts of a batch that it reads. */
export function signals(config: DumpConfig): readonly string[] {
  const values =
    config.signal === 'passCounts' ? 'successes' : isWired(config) ? 'rewardSum' : 'absAdvantageSum'
  return [values, 'rollouts', ...(config.bonusCounts === 'prompts' && !isWired(config) ? ['prompts'] : [])]
}

/** Whether it is fed as the trainer of DataFlex-RL feeds its mixer: mean rewards, no counts. */
export function isWired(config: DumpConfig): boolean {
  return config.variant === 'dataflex-as-wired'
}

/** Rollouts that a window holds. */
export function windowSize(config: DumpConfig): number {
  return config.windowRollouts ?? (config.variant === 'paper' ? 300 : 50)
}

export function temperature(config: DumpConfig): number {
  if (config.variant === 'paper') return config.temperature ?? 0.1
  // DataFlex-RL divides by no temperature below this.
  return Math.max(config.temperature ?? 1, 1e-6)
}

export function floorBy(config: DumpConfig): 'mixing' | 'clamping' {
  return config.floorBy ?? (config.variant === 'paper' ? 'mixing' : 'clamping')
}
