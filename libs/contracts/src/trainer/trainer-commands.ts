import { Type, type Static } from '@sinclair/typebox'
import * as p from '../primitives.js'
import { Controls } from './controls.js'

export const meanings = ['samplingProbability', 'lossMultiplier'] as const

export const Lifecycle = Type.Union(
  [
    p.Literals(['train', 'stop'] as const, 'Go on, or end the run.'),
    Type.Object({
      restartFrom: Type.Object({ run: p.Name('Run.'), step: p.Step, uri: Type.Optional(Type.String()) }),
    }),
  ],
  { description: 'What the trainer shall do besides mixing.' },
)

/** The run's whole desired state, never a delta: whoever misses ten of them is right after the newest. */
export const MixtureSet = p.Message(
  'mixture.set',
  'The mixture a run shall use from `fromStep` on; replaces the last.',
  {
    run: p.Name('Run.'),
    attempt: p.Attempt,
    openedBy: Type.Optional(
      Type.String({
        maxLength: p.limits.eventIdLength,
        description:
          'CloudEvents id of the `run.started` or `run.resumed` that opened the attempt. Another one than yours: somebody else runs it; stop reporting. Left out where the opening had no id.',
      }),
    ),
    version: Type.Integer({
      minimum: 1,
      description: 'Version of the mixture, rising by one in the run; drop a version you have seen.',
    }),
    fromStep: p.Count('First step that may use it: apply it at the next boundary at or after this step.'),
    domains: Type.Array(Type.String(), { description: 'Domain names, in the order of the weights.' }),
    weights: p.Numbers('Weights, non-negative, summing to 1 (to 1e-12).'),
    meaning: p.Literals(meanings, 'How to read the weights.'),
    // Any name is allowed beside the known ones, which the type of the schema would not say.
    controls: Type.Optional(Type.Unsafe<Record<string, unknown>>(Controls)),
    lifecycle: Lifecycle,
    decidedAtStep: Type.Integer({
      minimum: -1,
      description: 'Last closed step the decision saw; −1 before the first.',
    }),
    policy: Type.Object(
      { name: Type.String(), version: Type.Integer() },
      { description: 'Policy that proposed it.' },
    ),
    decisionId: Type.String({ description: 'Identity of the decision in the ledger.' }),
    because: Type.String({ description: 'Why, in one sentence.' }),
  },
)
export type MixtureSet = Static<typeof MixtureSet>
export const trainerCommandSchemas = { 'mixture.set': MixtureSet } as const
