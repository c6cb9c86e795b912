import { positionProblems, positionSchema, type Position } from '../position.js'
import type { SchedulePreset } from '../schedule-preset.js'
import type { Temperature } from '../../fixed/temper.js'

type Cooldown = {
  readonly temperature: Temperature
  readonly finalTemperature: Temperature
  readonly at: Position
  readonly sizes: Readonly<Record<string, number>>
}

export const cooldown: SchedulePreset<Cooldown> = {
  name: 'cooldown',
  title: 'Cooldown',
  cites: ['arXiv:2410.04579'],
  describe:
    'Samples small domains more for the first part of the run, then follows sizes. Small domains learn fast under a high temperature but are overfitted when it stays; one drop did better than either temperature throughout and than gradual schedules (28.1 and 32.4 BLEU for high and low resource on OPUS-100, against 28.3 and 30.4 at 1, 26.6 and 32.4 at 5).',
  defaults: { temperature: 5, finalTemperature: 1, at: { share: 0.5 }, sizes: {} },
  schema: {
    type: 'object',
    properties: {
      temperature: {
        description: 'Temperature before the drop: a number above 0, or "infinite".',
        type: ['number', 'string'],
        exclusiveMinimum: 0,
      },
      finalTemperature: {
        description: 'Temperature after the drop.',
        type: ['number', 'string'],
        exclusiveMinimum: 0,
      },
      at: positionSchema('Where it drops: exactly one of steps, tokens, share. The paper drops at half.', {
        steps: 'The last step at the first temperature.',
        tokens: 'Tokens of the run, all domains together.',
        share: 'Share of the declared horizon.',
      }),
      sizes: {
        description: 'Size of every domain by name. Empty: the tokens that the domains declare.',
        type: 'object',
        additionalProperties: { type: 'number', minimum: 0 },
      },
    },
    additionalProperties: false,
  },
  check: ({ at }, { horizon }) => positionProblems('at', at, horizon),
  build: ({ temperature, finalTemperature, at, sizes }) => ({
    phases: [
      { title: 'high temperature', policy: 'temperature', config: { temperature, sizes }, until: at },
      {
        title: 'final temperature',
        policy: 'temperature',
        config: { temperature: finalTemperature, sizes },
      },
    ],
  }),
}
