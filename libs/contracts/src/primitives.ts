import { Kind, Type, TypeRegistry, type TSchema } from '@sinclair/typebox'

/** Limits of the wire, the same for every message. */
export const limits = {
  /** Largest message value, bytes. */
  messageBytes: 1024 * 1024,
  /** Most domains a run may have. */
  domains: 4096,
  /** Most ranks a run may have. */
  ranks: 65_536,
  /** Longest run, project or domain name, characters. */
  nameLength: 128,
  /** Longest id of an event that opens an attempt to be told on, characters. */
  eventIdLength: 256,
} as const

export const namePattern = '^[A-Za-z0-9._:/-]{1,128}$'
const nameRegExp = new RegExp(namePattern)

/** Whether a text may name a run, a project or a domain. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && nameRegExp.test(value)
}

export const Name = (description: string) => Type.String({ pattern: namePattern, description })
export const Count = (description: string, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ minimum: 0, maximum, description })
export const Attempt = Type.Integer({
  minimum: 1,
  maximum: 1_000_000,
  description: 'Stretch of the run between two (re)starts, counted from 1.',
})
export const Step = Count('Training step the message is about, counted by the trainer.')
export const ResumedStep = Type.Integer({
  minimum: -1,
  maximum: Number.MAX_SAFE_INTEGER,
  description:
    'Step resumed from: the last one whose effect is in the checkpoint. −1 where there is no checkpoint: the run begins again, before step 0, with the mixture and the policy it began with; nothing of earlier attempts counts.',
})
export const Rank = Count('Reporting process of the trainer, from 0.', limits.ranks - 1)
export const Version = Count('Mixture version; 0 is the mixture the run started with, before any command.')
export const Because = (description = 'Why, in one sentence.') =>
  Type.String({ maxLength: 4096, description })
export const JsonObject = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description })

// TypeBox writes a union of words as `anyOf` of constants; as an `enum`, which is shorter and reads better in a
// form, it has to be told how to check it.
const words = 'Words'
TypeRegistry.Set<{ enum: string[] }>(words, (schema, value) => schema.enum.includes(value as string))
export const Literals = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ [Kind]: words, type: 'string', enum: [...values], description })
export const Numbers = (description: string) =>
  Type.Array(Type.Number(), { maxItems: limits.domains, description })
/** One number a domain; `null` stands for a number that was not finite. */
export const DomainNumbers = (description: string) =>
  Type.Array(Type.Union([Type.Number(), Type.Null()]), { maxItems: limits.domains, description })
export const DomainCounts = (description: string) =>
  Type.Array(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), {
    maxItems: limits.domains,
    description,
  })
export const DomainIndices = Type.Array(Type.Integer({ minimum: 0, maximum: limits.domains - 1 }), {
  maxItems: limits.domains,
  description: "Indices into the run's domain list, each at most once; absent means all domains, in order.",
})

/** An object schema that ignores unknown fields, as every message does. */
export const Message = <P extends Record<string, TSchema>>(
  title: string,
  description: string,
  properties: P,
) => Type.Object(properties, { title, description })
