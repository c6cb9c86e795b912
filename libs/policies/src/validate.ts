import { describeValue } from './describe-value.js'

/**
 * The keywords of JSON Schema (2020-12) that configurations use. Others are ignored, so a schema must not rely on them:
 * `type` (one name or several), `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`,
 * `properties`, `required`, `additionalProperties` (false or a schema), `items`, `minItems`, `maxItems`, `minLength`.
 * Numbers must be finite. No references and no combinators: a relation between keys belongs in a policy's `check`.
 */
export type Schema = {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly properties?: { readonly [key: string]: Schema }
  readonly required?: readonly string[]
  readonly additionalProperties?: false | Schema
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly [keyword: string]: unknown
}

/** What is wrong with a value, one sentence a fault with the path of the fault; empty when nothing is. */
export function validate(schema: Schema, value: unknown, path = ''): readonly string[] {
  const where = path === '' ? 'The configuration' : path
  const wanted = expectation(schema)
  if (!fits(schema, value)) {
    return [
      `${where}: expected ${wanted}, got ${describeValue(value)}; give ${wanted}, or leave it out for the default.`,
    ]
  }
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? [] : value.flatMap((item, i) => validate(items, item, `${path}[${i}]`))
  }
  if (isObject(value)) return members(schema, value, path)
  return []
}

function members(schema: Schema, value: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const properties = schema.properties ?? {}
  const below = (key: string) => (path === '' ? key : `${path}.${key}`)
  const problems: string[] = []
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) {
      problems.push(`${below(key)}: expected ${expectation(properties[key] ?? {})}, got nothing; add it.`)
    }
  }
  for (const [key, member] of Object.entries(value)) {
    if (Object.hasOwn(properties, key)) problems.push(...validate(properties[key]!, member, below(key)))
    else if (schema.additionalProperties === false)
      problems.push(unknownKey(below(key), Object.keys(properties)))
    else if (schema.additionalProperties)
      problems.push(...validate(schema.additionalProperties, member, below(key)))
  }
  return problems
}

function unknownKey(path: string, known: readonly string[]): string {
  const expected = known.length === 0 ? 'no settings here' : `one of ${known.join(', ')}`
  return `${path}: expected ${expected}, got a setting that is not known; correct its name or remove it.`
}

function fits(schema: Schema, value: unknown): boolean {
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false
  if ('const' in schema && schema.const !== value) return false
  if (schema.type !== undefined && ![schema.type].flat().some((type) => isA(type, value))) return false
  if (typeof value === 'number') {
    return (
      Number.isFinite(value) &&
      value >= (schema.minimum ?? -Infinity) &&
      value <= (schema.maximum ?? Infinity) &&
      value > (schema.exclusiveMinimum ?? -Infinity) &&
      value < (schema.exclusiveMaximum ?? Infinity)
    )
  }
  if (Array.isArray(value))
    return value.length >= (schema.minItems ?? 0) && value.length <= (schema.maxItems ?? Infinity)
  return typeof value !== 'string' || value.length >= (schema.minLength ?? 0)
}

function isA(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'null':
      return value === null
    default:
      return typeof value === type
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const nouns: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
}

/** What a schema asks for, as the end of "expected …". */
function expectation(schema: Schema): string {
  if ('const' in schema) return describeValue(schema.const)
  if (schema.enum !== undefined) return `one of ${schema.enum.map(describeValue).join(', ')}`
  const types: readonly string[] = [schema.type ?? 'value'].flat()
  const limits = [
    schema.minimum === undefined ? '' : `at least ${schema.minimum}`,
    schema.exclusiveMinimum === undefined ? '' : `above ${schema.exclusiveMinimum}`,
    schema.maximum === undefined ? '' : `at most ${schema.maximum}`,
    schema.exclusiveMaximum === undefined ? '' : `below ${schema.exclusiveMaximum}`,
    schema.minItems === undefined ? '' : `with at least ${schema.minItems} entries`,
    schema.maxItems === undefined ? '' : `with at most ${schema.maxItems} entries`,
    schema.minLength === undefined ? '' : `with at least ${schema.minLength} characters`,
  ].filter((limit) => limit !== '')
  return [types.map((type) => nouns[type] ?? 'a value').join(' or '), limits.join(' and ')].join(' ').trim()
}
