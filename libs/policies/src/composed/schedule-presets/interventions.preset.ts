import { untilProblems } from '../schedule-until.js'
import { positionProblems, type Position } from '../position.js'
import type { Phase, Until } from '../schedule-config.js'
import { lengthSchema, untilSchema } from '../schedule-schema.js'
import { mixed, weightsOf, weightsSchema, type SchedulePreset } from '../schedule-preset.js'

type Intervention = {
  readonly title?: string
  readonly when?: Until
  readonly weights: Readonly<Record<string, number>>
  readonly until: Until
  readonly atMost?: Position
}
type Interventions = {
  readonly base: Readonly<Record<string, number>>
  readonly interventions: readonly Intervention[]
}

export const interventions: SchedulePreset<Interventions> = {
  name: 'interventions',
  title: 'Interventions that end on their own condition',
  cites: ['arXiv:2502.02737', 'arXiv:2412.17743'],
  describe:
    'Leaves the base mixture for another one and comes back, several times if wished. Each intervention ends when what it is for is reached, such as a held-out loss or the score of a task, and may have a limit in case it never is; it may also wait for a condition before it begins. SmolLM2 and YuLan-Mini changed their mixtures by hand in this way when an ability lagged behind.',
  defaults: { base: {}, interventions: [] },
  schema: {
    type: 'object',
    properties: {
      base: weightsSchema(
        'Weights before, between and after, by name; 0 for domains left out. Empty: those the run starts with.',
      ),
      interventions: {
        description: 'The interventions, in order.',
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            title: { description: 'What explanations call it.', type: 'string', minLength: 1 },
            when: untilSchema('What the base mixture waits for. Left out: it follows at once.', 1),
            weights: weightsSchema('Weights meanwhile, by name; 0 for domains left out.'),
            until: untilSchema('What ends it.', 1),
            atMost: lengthSchema('How long it lasts at most: exactly one of steps, tokens, share.'),
          },
          required: ['weights', 'until'],
          additionalProperties: false,
        },
      },
    },
    additionalProperties: false,
  },
  check: (parameters, start) =>
    parameters.interventions.flatMap(({ when, weights, until, atMost }, i) => {
      const path = `interventions[${i}]`
      return [
        ...(when === undefined ? [] : untilProblems(`${path}.when`, when, start)),
        ...(Object.keys(weights).length === 0
          ? [`${path}.weights: expected the weights meanwhile, got none; name the domains it samples.`]
          : []),
        ...untilProblems(`${path}.until`, until, start),
        ...(atMost === undefined ? [] : positionProblems(`${path}.atMost`, atMost, start.horizon)),
      ]
    }),
  needs: (parameters) =>
    parameters.interventions.flatMap(({ when, until }) =>
      [when, until].flatMap((one) => (one === undefined ? [] : [{ policy: 'static', until: one }])),
    ),
  build(parameters, start) {
    const base = weightsOf(parameters.base, start)
    return {
      phases: [
        ...parameters.interventions.flatMap(({ title, when, weights, until, atMost }, i): Phase[] => [
          ...(when === undefined ? [] : [mixed('base', base, { until: when })]),
          mixed(title ?? `intervention ${i + 1}`, weightsOf(weights, start), {
            until: atMost === undefined ? until : { any: [until, { after: atMost }] },
          }),
        ]),
        mixed('base', base),
      ],
    }
  },
}
