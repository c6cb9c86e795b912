import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv, type SchemaObject } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import {
  ledgerEventSchemas,
  openKafkaEvent,
  parseTrainerEvent,
  topicSettings,
  trainerCommandSchemas,
  trainerEventSchemas,
} from '@mixdesk/contracts'

// Anyone may write a trainer from these documents alone, so they are held against the code and against the standards.

const docs = new URL('../../docs/', import.meta.url)
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, docs), 'utf8'))

type Message = {
  payload: { $ref: string }
  headers: SchemaObject
  examples?: { headers: Record<string, string>; payload: unknown }[]
}
type Document = {
  channels: Record<
    string,
    {
      address: string
      messages: Record<string, { $ref: string }>
      bindings: { kafka: { topicConfiguration: { 'cleanup.policy': string[] } } }
    }
  >
  operations: Record<string, { channel: { $ref: string } }>
  components: { messages: Record<string, Message>; schemas: Record<string, SchemaObject> }
}
const document = read('asyncapi.json') as Document
const formats = { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) }
const pointed = (reference: string) =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document)

describe('docs/asyncapi.json', () => {
  it('is AsyncAPI 3.0 with Kafka bindings 0.5.0, by the schema that its authors publish', () => {
    const specification = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json') as SchemaObject
    const ajv = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false })
    const check = ajv.compile(specification)
    check(document)
    expect(check.errors).toBeNull()
    // It is no rubber stamp.
    expect(check({ ...document, operations: { broken: { action: 'shout' } } })).toBe(false)
  })

  it('has each reference resolve', () => {
    const references = JSON.stringify(document).match(/"#\/[^"]+"/g) ?? []
    expect(references.length).toBeGreaterThan(60)
    for (const reference of references)
      expect(pointed(JSON.parse(reference) as string), reference).toBeTypeOf('object')
  })

  it('has the four topics, and compacts the commands alone', () => {
    const channels = Object.values(document.channels)
    expect(channels.map(({ address }) => address).sort()).toEqual(
      topicSettings.map(({ topic }) => topic).sort(),
    )
    for (const { address, bindings } of channels) {
      const compacted = topicSettings.find(({ topic }) => topic === address)?.compacted
      expect(bindings.kafka.topicConfiguration['cleanup.policy']).toEqual([compacted ? 'compact' : 'delete'])
    }
  })

  it('has every message of the contracts', () => {
    const names = (id: string) => Object.keys(document.channels[id]!.messages)
    expect(names('trainerEvents')).toHaveLength(Object.keys(trainerEventSchemas).length)
    expect(names('trainerCommands')).toHaveLength(Object.keys(trainerCommandSchemas).length)
    expect(names('ledger')).toEqual(Object.keys(ledgerEventSchemas).map((type) => `ledger${type}`))
  })

  const withExamples = Object.entries(document.components.messages).filter(
    ([, { examples }]) => examples !== undefined,
  )
  it.each(withExamples)(
    'gives examples of %s that its own schemas accept',
    (_, { payload, headers, examples }) => {
      const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats })
      const checkPayload = ajv.compile(pointed(payload.$ref) as SchemaObject)
      const checkHeaders = ajv.compile(headers)
      expect(examples).not.toHaveLength(0)
      for (const example of examples ?? []) {
        checkPayload(example.payload)
        expect(checkPayload.errors).toBeNull()
        checkHeaders(example.headers)
        expect(checkHeaders.errors).toBeNull()
      }
    },
  )

  it.each(Object.keys(document.channels['trainerEvents']!.messages))(
    'gives an example of %s that the intake takes',
    (id) => {
      const { headers, payload } = document.components.messages[id]!.examples![0]!
      const opened = openKafkaEvent(headers, new TextEncoder().encode(JSON.stringify(payload)))
      if (!opened.ok) throw new Error(opened.because)
      expect(parseTrainerEvent(opened.value)).toMatchObject({ ok: true, value: { data: payload } })
    },
  )
})

describe('docs/schemas', () => {
  const files = ['trainer', 'commands', 'ledger'].flatMap((folder) =>
    readdirSync(new URL(`schemas/${folder}/`, docs)).map((file) => `schemas/${folder}/${file}`),
  )

  it('has one file a message, and one for the controls of a command', () => {
    const messages = [trainerEventSchemas, trainerCommandSchemas, ledgerEventSchemas].flatMap((all) =>
      Object.keys(all),
    )
    expect(files).toHaveLength(messages.length + 1)
    expect(files).toContain('schemas/commands/controls.json')
  })

  it('has the same controls in the command as on their own', () => {
    const { properties } = read('schemas/commands/mixture.set.json') as SchemaObject & {
      properties: { controls: SchemaObject }
    }
    expect(read('schemas/commands/controls.json')).toMatchObject(properties.controls)
  })

  it.each(files)('%s is sound JSON Schema 2020-12 with a relative $id', (file) => {
    const schema = read(file) as SchemaObject
    expect(schema.$id).toBe(file)
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema')
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats })
    expect(ajv.validateSchema(schema)).toBe(true)
    expect(() => ajv.compile(schema)).not.toThrow()
  })
})
