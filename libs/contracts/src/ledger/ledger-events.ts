import { Type, type Static, type TSchema } from '@sinclair/typebox'
import * as p from '../primitives.js'
import { Domains, Evaluations, Guards, Horizon, PolicyChoice, Signals, Tags } from '../run-settings.js'
import { meanings } from '../trainer/trainer-commands.js'
import { runEndings } from '../trainer/trainer-events.js'

const identity = { run: p.Name('Run.'), project: p.Name('Project.'), attempt: p.Attempt }
/** Absent in facts of before there was such a field, and where the event had no id. */
const openedBy = Type.Optional(
  Type.String({ description: 'CloudEvents id of the event that opened the attempt.' }),
)
const step = Type.Integer({
  minimum: -1,
  description: 'Last closed step of the run when this was written; −1 before the first.',
})
/** What a person asked for, and who. */
const asked = { requestId: Type.String(), by: Type.String() }

export const PolicyUsed = Type.Object(
  {
    name: Type.String({ description: 'Name.' }),
    version: Type.Integer({ description: 'Version of the formula.' }),
    configDigest: Type.String({
      description:
        'SHA-256 of the configuration with defaults filled in, without settings that came later and have their default.',
    }),
  },
  { description: 'The policy, exactly.' },
)

export const Evidence = Type.Object(
  {
    fromStep: Type.Integer({ description: 'First step folded in since the last decision; −1 for none.' }),
    toStep: Type.Integer({ description: 'Last step folded in; −1 for none.' }),
    steps: p.Count('Closed steps.'),
    observations: p.Count('Observations (rank reports).'),
    tokens: p.Count('Tokens over all domains.'),
    digest: Type.String({
      description: '128-bit digest chained over every closed step since the run began.',
    }),
  },
  { description: 'What the decision rests on.' },
)
export type Evidence = Static<typeof Evidence>

export const GuardBite = Type.Object(
  {
    guard: p.Literals(
      [
        'floorAndCeiling',
        'repetitionCap',
        'entropyFloor',
        'largestChange',
        'minimumEvidence',
        'quarantine',
        'frozen',
      ] as const,
      'Which guard rail.',
    ),
    because: Type.String({ description: 'What it did, in a sentence.' }),
    before: Type.Optional(p.Numbers('Weights before it.')),
    after: Type.Optional(p.Numbers('Weights after it.')),
  },
  { description: 'A guard rail that changed or stopped a proposal.' },
)
export type GuardBite = Static<typeof GuardBite>

export const Reasons = Type.Object({
  summary: Type.String({ description: 'One sentence.' }),
  parts: Type.Record(Type.String(), Type.Array(Type.Number()), {
    description:
      'Contributions per domain, named as in the policy; they add up to proposed − the mixture before.',
  }),
})

export const ledgerEventSchemas = {
  RunStarted: p.Message('RunStarted', 'A run began.', {
    ...identity,
    domains: Domains,
    policy: Type.Composite([
      PolicyUsed,
      Type.Object({ config: p.JsonObject('Configuration with defaults filled in.') }),
    ]),
    guards: Guards,
    ranks: Type.Integer({ minimum: 1 }),
    cadence: Type.Integer({ minimum: 1 }),
    lateness: Type.Integer({ minimum: 1 }),
    horizon: Type.Optional(Horizon),
    signals: Type.Optional(Signals),
    evaluations: Type.Optional(Evaluations),
    params: p.JsonObject('Params.'),
    tags: Tags,
    notes: Type.String(),
    parent: Type.Optional(p.Name('Parent run.')),
    weights: p.Numbers('Mixture the run starts with (version 0).'),
    openedBy,
    rules: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Version of the rules it is folded by, beside its policy. Left out: 1.',
      }),
    ),
  }),
  RunRefused: p.Message(
    'RunRefused',
    'A run cannot be mixed as asked; its losses are kept, no decision will come.',
    {
      ...identity,
      domains: Domains,
      policy: PolicyChoice,
      ranks: Type.Integer({ minimum: 1 }),
      problems: Type.Array(Type.String(), { description: 'What is wrong, in sentences.' }),
    },
  ),
  RunResumed: p.Message('RunResumed', 'A new attempt began, from a checkpoint or from the beginning.', {
    ...identity,
    fromStep: p.ResumedStep,
    ranks: Type.Integer({ minimum: 1 }),
    openedBy,
  }),
  OpeningRefused: p.Message(
    'OpeningRefused',
    'A second run.started, or a run.resumed of an attempt that had begun: another trainer seems to use the same run id. It changed nothing.',
    {
      ...identity,
      step,
      message: p.Literals(['run.started', 'run.resumed'] as const, 'What came.'),
      asked: Type.Integer({ minimum: 1, description: 'Attempt that it would have opened.' }),
      id: Type.String({ description: 'Its CloudEvents id.' }),
      openedBy,
      because: Type.String({ description: 'Why it was refused, in a sentence.' }),
    },
  ),
  RunFinished: p.Message('RunFinished', 'A run ended.', {
    ...identity,
    step: p.Step,
    status: p.Literals(runEndings, 'How.'),
    because: Type.Optional(Type.String()),
  }),
  RunAnnotated: p.Message('RunAnnotated', 'Params, tags or notes changed.', {
    ...identity,
    params: p.JsonObject('All params.'),
    tags: Tags,
    notes: Type.String(),
  }),
  CheckpointSaved: p.Message('CheckpointSaved', 'The trainer saved a checkpoint.', {
    ...identity,
    step: p.Step,
    uri: Type.Optional(Type.String()),
  }),
  MixtureDecided: p.Message(
    'MixtureDecided',
    'The mixture a run shall use from `fromStep` on. Written once per decision; replaces the last.',
    {
      ...identity,
      decisionId: Type.String({ description: 'hash(run, attempt, step, policy, version).' }),
      version: Type.Integer({ minimum: 1 }),
      step,
      fromStep: p.Step,
      weights: p.Numbers('The mixture.'),
      proposed: p.Numbers('What the policy proposed, before guard rails.'),
      previous: p.Numbers('The mixture before.'),
      meaning: p.Literals(meanings, 'How to read the weights.'),
      controls: Type.Optional(p.JsonObject('Further settings for the trainer.')),
      policy: PolicyUsed,
      because: Reasons,
      guards: Type.Array(GuardBite),
      evidence: Evidence,
      stateDigest: Type.String({ description: "128-bit digest of the policy's state, as JSON." }),
    },
  ),
  MixtureHeld: p.Message(
    'MixtureHeld',
    'The policy looked and changed nothing; written when the reason changes.',
    {
      ...identity,
      step,
      version: p.Version,
      because: Type.String(),
      guards: Type.Array(GuardBite),
      policy: PolicyUsed,
    },
  ),
  MixtureApplied: p.Message('MixtureApplied', 'A rank took a mixture into effect.', {
    ...identity,
    version: p.Version,
    step: p.Step,
    rank: p.Rank,
  }),
  MixtureRefused: p.Message('MixtureRefused', 'The trainer refused a mixture.', {
    ...identity,
    version: p.Version,
    step: p.Step,
    because: Type.String(),
  }),
  MixtureExpired: p.Message(
    'MixtureExpired',
    'A mixture was not acknowledged in time, counted in steps of the run; it is sent again.',
    {
      ...identity,
      version: p.Version,
      step,
      missingRanks: p.Count('Ranks that have not acknowledged it.'),
    },
  ),
  MixtureFrozen: p.Message('MixtureFrozen', 'A person froze the mixture.', {
    ...identity,
    step,
    ...asked,
    because: Type.String(),
  }),
  MixtureThawed: p.Message('MixtureThawed', 'A person let the policy decide again.', {
    ...identity,
    step,
    ...asked,
    because: Type.String(),
  }),
  MixtureOverridden: p.Message(
    'MixtureOverridden',
    'A person set the mixture; a MixtureDecided with the same version carries it.',
    {
      ...identity,
      step,
      version: Type.Integer({ minimum: 1 }),
      ...asked,
      because: Type.String(),
      weights: p.Numbers('The mixture.'),
    },
  ),
  RequestRefused: p.Message('RequestRefused', 'What a person asked for could not be done.', {
    ...identity,
    step,
    ...asked,
    problems: Type.Array(Type.String()),
  }),
  DomainQuarantined: p.Message(
    'DomainQuarantined',
    'A domain reported a number that was not finite; the step went on without it. Written for the first of consecutive steps.',
    {
      ...identity,
      step,
      domain: p.Name('Domain.'),
      because: Type.String(),
    },
  ),
} as const satisfies Record<string, TSchema>

export type LedgerEventType = keyof typeof ledgerEventSchemas
/** A fact of the ledger: what was decided or declared. */
export type LedgerEvent = {
  [T in LedgerEventType]: { readonly type: T; readonly data: Static<(typeof ledgerEventSchemas)[T]> }
}[LedgerEventType]
export type LedgerData<T extends LedgerEventType> = Static<(typeof ledgerEventSchemas)[T]>

/** A fact with its place: what the store adds when it writes one. */
export type LedgerEnvelope = {
  /** Derived, so that a retry writes the same id. */
  readonly id: string
  readonly stream: string
  /** Place in the stream, from 1 without gaps. */
  readonly version: number
  /** Place in the whole ledger, rising, with gaps. */
  readonly position: string
  readonly schemaVersion: number
  /** When the trainer said it happened, where it said so. */
  readonly occurredAt?: string
  readonly recordedAt: string
} & LedgerEvent
