import { Type, type Static, type TSchema } from '@sinclair/typebox'
import * as p from '../primitives.js'
import {
  Domains,
  Evaluations,
  Guards,
  Horizon,
  PolicyChoice,
  signalName,
  Signals,
  Tags,
} from '../run-settings.js'

/** The highest number of open steps a run may ask for before the oldest closes without its missing ranks. */
export const defaultLateness = 64
export const defaultCadence = 10

export const RunStarted = p.Message(
  'run.started',
  'A run begins: its domains, and the policy that shall mix them.',
  {
    run: p.Name('Identity of the run; also the Kafka key.'),
    project: p.Name('Project the run belongs to.'),
    attempt: Type.Literal(1, { description: 'A run starts with attempt 1.' }),
    domains: Domains,
    policy: PolicyChoice,
    guards: Type.Optional(Guards),
    ranks: Type.Integer({ minimum: 1, maximum: p.limits.ranks, description: 'How many ranks report.' }),
    horizon: Type.Optional(Horizon),
    signals: Type.Optional(Signals),
    evaluations: Type.Optional(Evaluations),
    cadence: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: `Steps between decisions. Default: ${defaultCadence}.`,
      }),
    ),
    lateness: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: `A step closes without its missing ranks once a step this far ahead is seen. Default: ${defaultLateness}.`,
      }),
    ),
    params: Type.Optional(p.JsonObject('Settings of the training run, for search.')),
    tags: Type.Optional(Tags),
    notes: Type.Optional(Type.String({ maxLength: 65_536, description: 'Free text.' })),
    parent: Type.Optional(p.Name('Run this one was forked from.')),
  },
)
export type RunStarted = Static<typeof RunStarted>

export const LossesMeasured = p.Message(
  'losses.measured',
  'What one rank measured in one step, summed by domain.',
  {
    run: p.Name('Run.'),
    attempt: p.Attempt,
    step: p.Step,
    rank: p.Rank,
    mixtureVersion: Type.Optional(
      p.Count(
        'Mixture version in force when the batch was sampled; 0 before the first command. Left out: the newest one issued.',
      ),
    ),
    domains: Type.Optional(p.DomainIndices),
    tokens: p.DomainCounts('Tokens the losses were summed over.'),
    lossSum: p.DomainNumbers('Sum of token losses, nats; null where it was not finite.'),
    sequences: Type.Optional(p.DomainCounts('Sequences (or micro-batches) of each domain.')),
    signals: Type.Optional(
      Type.Record(Type.String({ pattern: signalName }), p.DomainNumbers('Sums of one signal.'), {
        additionalProperties: false,
        description: 'Further named sums over the batch, as a policy asks: clippedExcessSum, refLossSum, …',
      }),
    ),
  },
)
export type LossesMeasured = Static<typeof LossesMeasured>

export const EvaluationMeasured = p.Message('evaluation.measured', 'Held-out losses or scores.', {
  run: p.Name('Run.'),
  attempt: p.Attempt,
  step: p.Step,
  domains: Type.Optional(p.DomainIndices),
  loss: Type.Optional(p.DomainNumbers('Held-out loss of each domain, nats per token.')),
  scores: Type.Optional(
    Type.Record(Type.String({ minLength: 1, maxLength: 256 }), Type.Union([Type.Number(), Type.Null()]), {
      description: 'Scores by task.',
    }),
  ),
})
export type EvaluationMeasured = Static<typeof EvaluationMeasured>

export const MixtureApplied = p.Message('mixture.applied', 'A rank has taken a mixture into effect.', {
  run: p.Name('Run.'),
  attempt: p.Attempt,
  version: p.Version,
  step: p.Step,
  rank: p.Rank,
})
export type MixtureApplied = Static<typeof MixtureApplied>

export const MixtureRefused = p.Message(
  'mixture.refused',
  'The trainer cannot apply a mixture, and says why.',
  {
    run: p.Name('Run.'),
    attempt: p.Attempt,
    version: p.Version,
    step: p.Step,
    because: p.Because(),
  },
)
export type MixtureRefused = Static<typeof MixtureRefused>

export const CheckpointSaved = p.Message('checkpoint.saved', 'The trainer can come back to this step.', {
  run: p.Name('Run.'),
  attempt: p.Attempt,
  step: p.Step,
  uri: Type.Optional(Type.String({ maxLength: 4096, description: 'Where the checkpoint lies.' })),
})
export type CheckpointSaved = Static<typeof CheckpointSaved>

export const RunResumed = p.Message(
  'run.resumed',
  'Training goes on from a step, or begins again, as a new attempt.',
  {
    run: p.Name('Run.'),
    attempt: Type.Integer({ minimum: 2, maximum: 1_000_000, description: 'The new attempt.' }),
    step: p.ResumedStep,
    ranks: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: p.limits.ranks,
        description: 'How many ranks report from now on. Default: as before.',
      }),
    ),
  },
)
export type RunResumed = Static<typeof RunResumed>

export const runEndings = ['completed', 'failed', 'stopped'] as const
export const RunFinished = p.Message('run.finished', 'The run is over.', {
  run: p.Name('Run.'),
  attempt: p.Attempt,
  step: p.Step,
  status: p.Literals(runEndings, 'How it ended.'),
  because: Type.Optional(p.Because()),
  openedBy: Type.Optional(
    Type.String({
      maxLength: p.limits.eventIdLength,
      description:
        'CloudEvents id of your own `run.started` or `run.resumed`: where somebody else opened the attempt, their run goes on.',
    }),
  ),
})
export type RunFinished = Static<typeof RunFinished>

export const MetricsLogged = p.Message('metrics.logged', 'Any other numbers of a step.', {
  run: p.Name('Run.'),
  attempt: p.Attempt,
  step: p.Step,
  rank: Type.Optional(p.Rank),
  names: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
    minItems: 1,
    maxItems: 4096,
    description: 'Names of the metrics.',
  }),
  values: p.DomainNumbers('Their values, in the same order.'),
})
export type MetricsLogged = Static<typeof MetricsLogged>

export const RunAnnotated = p.Message('run.annotated', 'What people want to find the run by.', {
  run: p.Name('Run.'),
  params: Type.Optional(p.JsonObject('Merged into the params.')),
  tags: Type.Optional(Tags),
  notes: Type.Optional(Type.String({ maxLength: 65_536, description: 'Replaces the notes.' })),
})
export type RunAnnotated = Static<typeof RunAnnotated>

const requestFields = {
  run: p.Name('Run.'),
  requestId: Type.String({
    minLength: 1,
    maxLength: 128,
    description: 'Identity of the request; a second one with the same id is ignored.',
  }),
  by: Type.String({ minLength: 1, maxLength: 256, description: 'Who asks.' }),
  because: Type.Optional(p.Because()),
}

/** What people ask of a run travels through the same log as its losses, so that decisions stay a function of the log alone. */
export const FreezeRequested = p.Message(
  'freeze.requested',
  'A person wants the mixture to stay as it is.',
  requestFields,
)
export type FreezeRequested = Static<typeof FreezeRequested>

export const ThawRequested = p.Message(
  'thaw.requested',
  'A person lets the policy decide again.',
  requestFields,
)
export type ThawRequested = Static<typeof ThawRequested>

export const OverrideRequested = p.Message('override.requested', 'A person sets the mixture.', {
  ...requestFields,
  weights: Type.Array(Type.Number({ minimum: 0 }), {
    minItems: 1,
    maxItems: p.limits.domains,
    description: 'The mixture wanted, in the order of the domains; summing to 1.',
  }),
})
export type OverrideRequested = Static<typeof OverrideRequested>

/**
 * What somebody outside the arithmetic answered a run's policy. It travels through the run's log as people's requests do, so
 * that a replay finds the answer and asks nobody.
 */
export const AdviceGiven = p.Message(
  'advice.given',
  'An answer to what the policy of a run wants to know, such as that of a learned agent.',
  {
    run: p.Name('Run.'),
    attempt: p.Attempt,
    step: p.Count('Step of the evaluation (or of whatever else was asked about) that it answers.'),
    source: Type.String({
      minLength: 1,
      maxLength: 256,
      description:
        'Who answers: <agent>@sha256:<digest of its model>. A second answer of it to a step is ignored.',
    }),
    values: Type.Array(Type.Number(), {
      maxItems: 3 * p.limits.domains,
      description: 'The answer, in the order that whoever asked agreed on; empty where there is none.',
    }),
    because: Type.Optional(p.Because('Why there is no answer, in one sentence; only with no values.')),
  },
)
export type AdviceGiven = Static<typeof AdviceGiven>

/** Every event a trainer (or a person, for a run) can send, by its short name. `ce_type` is `mixdesk.<name>.v1`. */
export const trainerEventSchemas = {
  'run.started': RunStarted,
  'losses.measured': LossesMeasured,
  'evaluation.measured': EvaluationMeasured,
  'mixture.applied': MixtureApplied,
  'mixture.refused': MixtureRefused,
  'checkpoint.saved': CheckpointSaved,
  'run.resumed': RunResumed,
  'run.finished': RunFinished,
  'metrics.logged': MetricsLogged,
  'run.annotated': RunAnnotated,
  'freeze.requested': FreezeRequested,
  'thaw.requested': ThawRequested,
  'override.requested': OverrideRequested,
  'advice.given': AdviceGiven,
} as const satisfies Record<string, TSchema>

export type TrainerEventName = keyof typeof trainerEventSchemas
/** An event as parsed: its name and its data. */
export type TrainerEvent = {
  [N in TrainerEventName]: { readonly name: N; readonly data: Static<(typeof trainerEventSchemas)[N]> }
}[TrainerEventName]
