import { Type, type Static, type TNumber } from '@sinclair/typebox'
import { Count, JsonObject, Name, limits } from './primitives.js'

export const Domain = Type.Object(
  {
    name: Name('Name of the domain, unique in the run.'),
    tokens: Type.Optional(Count('Tokens available in this domain.')),
    weight: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'Share in the mixture the run starts with; the shares are normalised.',
      }),
    ),
    group: Type.Optional(Name('Group the domain belongs to.')),
  },
  { title: 'Domain', description: 'A named source of training data.' },
)
export type Domain = Static<typeof Domain>

export const PolicyChoice = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'Name of the policy, such as uniform, odm or doremi.',
    }),
    config: Type.Optional(JsonObject('Settings of the policy; what is left out has its default.')),
  },
  { title: 'Policy choice', description: 'The policy that decides the mixture, and its settings.' },
)
export type PolicyChoice = Static<typeof PolicyChoice>

/** One number for all domains, or a number by domain name. */
const perDomain = (number: TNumber, description: string) =>
  Type.Union([number, Type.Record(Type.String(), number)], { description })
const bound = Type.Number({ minimum: 0, maximum: 1 })

const totalChange = Type.Number({
  exclusiveMinimum: 0,
  maximum: 2,
  description: 'Sum over domains of |new − old|.',
})

export const Guards = Type.Object(
  {
    floor: Type.Optional(
      perDomain(bound, 'Smallest weight: one number for all domains, or a number by domain name.'),
    ),
    ceiling: Type.Optional(
      perDomain(bound, 'Largest weight: one number for all domains, or a number by domain name.'),
    ),
    largestChange: Type.Optional(
      Type.Union(
        [
          totalChange,
          Type.Object(
            {
              total: Type.Optional(totalChange),
              perDomain: Type.Optional(
                perDomain(bound, 'Largest |new − old| of a weight: for all domains, or by domain name.'),
              ),
            },
            { additionalProperties: false },
          ),
        ],
        {
          description:
            'Largest change of one decision: in all (a number alone means this), of a domain, or both.',
        },
      ),
    ),
    repetitionCap: Type.Optional(
      Type.Object(
        {
          epochs: perDomain(
            Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 }),
            'How often the tokens that a domain declares may be read: for all domains, or by domain name.',
          ),
        },
        {
          additionalProperties: false,
          description:
            'Caps weights by what is left to read: spread over the rest of a horizon in tokens, or, without one, 0 once it is used up.',
        },
      ),
    ),
    entropyFloor: Type.Optional(
      Type.Object(
        {
          nats: Type.Optional(
            Type.Number({ minimum: 0, description: 'Smallest entropy, −Σ weight · ln weight.' }),
          ),
          share: Type.Optional(
            Type.Number({
              minimum: 0,
              maximum: 1,
              description: 'Smallest entropy as a share of the highest there is, ln(number of domains).',
            }),
          ),
        },
        {
          additionalProperties: false,
          description: 'Keeps the mixture from gathering in few domains; give exactly one of the two.',
        },
      ),
    ),
    minimumEvidence: Type.Optional(
      Type.Object(
        {
          steps: Type.Optional(Count('Closed steps since the last decision.')),
          tokens: Type.Optional(Count('Tokens, over all domains, since the last decision.')),
        },
        { additionalProperties: false, description: 'A decision with less evidence than this is held.' },
      ),
    ),
    acknowledgeWithin: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000_000,
        description:
          'Steps past `fromStep` after which an unacknowledged mixture counts as expired. Default: ten times the cadence, at least 100.',
      }),
    ),
  },
  {
    title: 'Guards',
    description: 'Guard rails over whatever the policy proposes.',
    additionalProperties: false,
  },
)
export type Guards = Static<typeof Guards>

export const Horizon = Type.Object(
  {
    steps: Type.Optional(Type.Integer({ minimum: 1, description: 'Steps the run is planned for.' })),
    tokens: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens the run is planned for.' })),
  },
  { title: 'Horizon', description: 'How long the run is planned to be.' },
)
export type Horizon = Static<typeof Horizon>

/** Names that signals of a step may have. */
export const signalName = '^[A-Za-z][A-Za-z0-9_.]{0,63}$'
export const Signals = Type.Array(Type.String({ pattern: signalName }), {
  maxItems: 256,
  description:
    'Names of the signals that every losses.measured will carry; a policy that needs another one is refused at once. Left out: seen when they come.',
})
export const Evaluations = Type.Object(
  {
    loss: Type.Optional(Type.Boolean({ description: 'Whether held-out losses of the domains will come.' })),
    scores: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: limits.domains,
        description: 'Names of the tasks whose scores will come.',
      }),
    ),
  },
  {
    title: 'Evaluations',
    description:
      'What evaluation.measured will carry; a policy that needs something else is refused at once. Left out: seen when it comes.',
  },
)
export type Evaluations = Static<typeof Evaluations>

export const Tags = Type.Array(Type.String({ maxLength: 256 }), {
  maxItems: 256,
  description: 'Free labels.',
})
export const Domains = Type.Array(Domain, {
  minItems: 1,
  maxItems: limits.domains,
  description: 'The domains, in the order every per-domain array follows.',
})
