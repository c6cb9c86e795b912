import { Type, type Static } from '@sinclair/typebox'
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

const perDomainBound = (description: string) =>
  Type.Union(
    [
      Type.Number({ minimum: 0, maximum: 1 }),
      Type.Record(Type.String(), Type.Number({ minimum: 0, maximum: 1 })),
    ],
    {
      description,
    },
  )

export const Guards = Type.Object(
  {
    floor: Type.Optional(
      perDomainBound('Smallest weight: one number for all domains, or a number by domain name.'),
    ),
    ceiling: Type.Optional(
      perDomainBound('Largest weight: one number for all domains, or a number by domain name.'),
    ),
    largestChange: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 2,
        description: 'Largest change of one decision: sum over domains of |new − old|.',
      }),
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

export const Tags = Type.Array(Type.String({ maxLength: 256 }), {
  maxItems: 256,
  description: 'Free labels.',
})
export const Domains = Type.Array(Domain, {
  minItems: 1,
  maxItems: limits.domains,
  description: 'The domains, in the order every per-domain array follows.',
})
