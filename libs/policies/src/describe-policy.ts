import type { AnyPolicy, Json, PolicyStart } from './policy.js'

/** A policy as people and forms read it: what it needs, what it gives, every setting with its default. Plain JSON. */
export type PolicyDescription = {
  readonly name: string
  readonly version: number
  readonly title: string
  readonly purpose: string
  readonly output: AnyPolicy['output']
  readonly meaning: AnyPolicy['meaning']
  readonly cites: readonly string[]
  /** What steps must carry beyond tokens and loss sums, with the default configuration, or the example where it has one. */
  readonly signals: readonly string[]
  /** What it reads from evaluations, likewise. */
  readonly evaluations: { readonly loss?: true; readonly scores?: readonly string[] }
  readonly guide: AnyPolicy['guide']
  readonly settings: readonly SettingDescription[]
  /** JSON Schema of the configuration. */
  readonly schema: AnyPolicy['schema']
}
export type SettingDescription = {
  readonly name: string
  readonly type: string
  readonly default: Json | undefined
  readonly description: string
}

export function describePolicy(policy: AnyPolicy): PolicyDescription {
  const { name, version, title, purpose, output, meaning, cites, guide, schema } = policy
  const defaults = policy.defaults as { readonly [key: string]: Json | undefined }
  const usual: unknown = { ...defaults, ...policy.example?.(twoDomains) }
  return {
    ...{ name, version, title, purpose, output, meaning, cites, guide, schema },
    signals: policy.signals(usual),
    evaluations: policy.evaluations?.(usual) ?? {},
    settings: Object.entries(schema.properties).map(([key, property]) => ({
      name: key,
      type: typeOf(property),
      default: defaults[key],
      description: property.description,
    })),
  }
}

const twoDomains: PolicyStart = { domains: [{ name: 'web' }, { name: 'code' }], weights: [0.5, 0.5] }

/** What a setting may be, in a few words. */
function typeOf(property: { readonly [keyword: string]: unknown }): string {
  const choices = property['enum']
  if (Array.isArray(choices)) return choices.map((choice) => JSON.stringify(choice)).join(' | ')
  const type = property['type']
  const name = [type].flat().join(' or ')
  const limit = (keyword: string, sign: string) =>
    property[keyword] === undefined ? [] : [`${sign} ${JSON.stringify(property[keyword])}`]
  return [
    name === 'undefined' ? 'any' : name,
    ...limit('minimum', '≥'),
    ...limit('exclusiveMinimum', '>'),
    ...limit('maximum', '≤'),
    ...limit('exclusiveMaximum', '<'),
  ].join(' ')
}
