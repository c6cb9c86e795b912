import { show, trainerCommandSchemas, trainerEventSchemas } from '@mixdesk/contracts'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'

// The schemas that docs/schemas is generated from, checked by a library that knows nothing of ours: what it accepts, any
// other implementation of JSON Schema does.
const ajv = new Ajv2020({ strict: false, allErrors: false })
const compiled = new Map<string, ValidateFunction>()
const schemas: { readonly [name: string]: unknown } = { ...trainerEventSchemas, ...trainerCommandSchemas }

/** What is wrong with the data of an event or command, in words; undefined where nothing is. */
export function schemaFault(name: string, data: unknown): string | undefined {
  let validate = compiled.get(name)
  if (validate === undefined) {
    // Through JSON: what TypeBox keeps beside the schema is nobody else's business.
    validate = ajv.compile(JSON.parse(JSON.stringify(schemas[name])) as object)
    compiled.set(name, validate)
  }
  if (validate(data)) return undefined
  return sentence(validate.errors![0]!, data)
}

function sentence({ instancePath, message, params }: ErrorObject, data: unknown): string {
  const allowed = (params as { allowedValues?: unknown[] }).allowedValues
  const list = allowed === undefined ? '' : ` (${allowed.join(', ')})`
  const where = instancePath === '' ? 'the data' : `\`${instancePath.slice(1).replaceAll('/', '.')}\``
  return `${where} ${message ?? 'is not as expected'}${list}, got ${show(at(data, instancePath))}`
}

const at = (data: unknown, path: string): unknown =>
  path
    .split('/')
    .slice(1)
    .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], data)
