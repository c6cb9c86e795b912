/** The JSON Schemas of every message, and the AsyncAPI document, as values. Pure: contracts in, documents out. */

const dialect = 'https://json-schema.org/draft/2020-12/schema'

/** Plain JSON with its keys in a fixed order: what a reader wants first comes first, the rest by name. */
const first = ['$schema', '$id', 'title', 'description', 'type', 'required', 'properties']
const rank = (key) => (first.includes(key) ? first.indexOf(key) : first.length)
const inOrder = (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)

/** `properties` and `required` keep the order of the source, which tells the story; all other keys are sorted. */
export function tidy(schema, keepOrder = false) {
  if (Array.isArray(schema)) return schema.map((one) => tidy(one))
  if (typeof schema !== 'object' || schema === null) return schema
  const keys = keepOrder ? Object.keys(schema) : Object.keys(schema).sort(inOrder)
  return Object.fromEntries(keys.map((key) => [key, tidy(schema[key], key === 'properties')]))
}

/** What stands in the value of a ledger message: the fact and its place. */
const envelopeOf = (type, data) => ({
  title: type,
  description: data.description,
  type: 'object',
  required: ['id', 'stream', 'version', 'position', 'schemaVersion', 'recordedAt', 'type', 'data'],
  properties: {
    id: { type: 'string', description: 'Identity of the fact, derived from its stream and version.' },
    stream: { type: 'string', description: 'run-<run>.' },
    version: { type: 'integer', minimum: 1, description: 'Place in the stream, from 1 without gaps.' },
    position: {
      type: 'string',
      pattern: '^[0-9]+$',
      description: 'Place in the whole ledger, rising, with gaps; a 64-bit integer as text.',
    },
    schemaVersion: { type: 'integer', minimum: 1, description: 'Version of the data’s schema.' },
    occurredAt: {
      type: 'string',
      format: 'date-time',
      description: 'When the trainer said it happened, where it said so.',
    },
    recordedAt: { type: 'string', format: 'date-time', description: 'When it was written to the ledger.' },
    type: { const: type, type: 'string' },
    data,
  },
})

const trainerMessages = (contracts) => Object.entries(contracts.trainerEventSchemas)
const commandMessages = (contracts) => Object.entries(contracts.trainerCommandSchemas)
/** What a command holds and trainers may want to read on its own. */
const commandParts = (contracts) => [['controls', contracts.Controls]]
const ledgerMessages = (contracts) =>
  Object.entries(contracts.ledgerEventSchemas).map(([type, data]) => [type, envelopeOf(type, data)])

/** Every schema file: [path below docs/, schema]. `$id` is the same path, so that a copy anywhere resolves. */
export const schemaFiles = (contracts) =>
  [
    ['trainer', trainerMessages(contracts)],
    ['commands', [...commandMessages(contracts), ...commandParts(contracts)]],
    ['ledger', ledgerMessages(contracts)],
  ].flatMap(([folder, messages]) =>
    messages.map(([name, schema]) => {
      const path = `schemas/${folder}/${name}.json`
      return [path, tidy({ $schema: dialect, $id: path, ...JSON.parse(JSON.stringify(schema)) })]
    }),
  )

/** An example of a fact as the ledger topic carries it. */
export const ledgerExample = (contracts, type) => {
  const data = contracts.ledgerEventExamples[type]
  const stream = contracts.streamOf(data.run)
  const version = Object.keys(contracts.ledgerEventSchemas).indexOf(type) + 1
  return {
    id: contracts.ledgerEventIdOf(stream, version),
    stream,
    version,
    position: String(1000 + version),
    schemaVersion: 1,
    recordedAt: '2026-03-01T12:00:00.000Z',
    type,
    data,
  }
}

const kafka = { bindingVersion: '0.5.0' }
const key = { type: 'string', description: 'Run id, UTF-8: one run’s messages stay in order.' }

const headersOf = (type) => ({
  type: 'object',
  required: ['ce_id', 'ce_type', 'ce_source', 'ce_specversion', 'content-type'],
  properties: {
    ce_id: { type: 'string', minLength: 1, description: 'Identity of the message, unique for its source.' },
    ce_type: { type: 'string', const: type },
    ce_source: { type: 'string', minLength: 1, description: 'Who sends it, as a URI reference.' },
    ce_specversion: { type: 'string', const: '1.0' },
    ce_time: { type: 'string', format: 'date-time', description: 'When it happened.' },
    'content-type': { type: 'string', const: 'application/json' },
  },
})

const exampleHeaders = (contracts, type, source, id) =>
  contracts.cloudEventHeaders({ id, type, source, time: '2026-03-01T12:00:00.000Z' })

/** The AsyncAPI 3.0 document: what anything that speaks Kafka needs to know to take part. */
export function asyncApi(contracts, version) {
  const { topics, defaultPartitions, topicSettings, typeOf } = contracts
  const messages = {}
  const schemas = {}
  const add = (id, name, type, schema, example, source) => {
    // The title and the description stand with the message; twice would be noise.
    schemas[id] = tidy(JSON.parse(JSON.stringify(schema)))
    messages[id] = {
      name: type,
      title: name,
      summary: schema.description,
      contentType: 'application/json',
      headers: headersOf(type),
      payload: { $ref: `#/components/schemas/${id}` },
      bindings: { kafka: { key, ...kafka } },
      examples: [{ name: 'example', headers: exampleHeaders(contracts, type, source, id), payload: example }],
    }
    return id
  }
  const idOf = (name) => name.replace(/\.(\w)/g, (_, letter) => letter.toUpperCase())
  const source = `trainer/${contracts.trainerEventExamples['run.started'].run}/0`
  const reported = trainerMessages(contracts).map(([name, schema]) =>
    add(idOf(name), name, typeOf(name), schema, contracts.trainerEventExamples[name], source),
  )
  const commanded = commandMessages(contracts).map(([name, schema]) =>
    add(idOf(name), name, typeOf(name), schema, contracts.trainerCommandExamples[name], 'mixdesk'),
  )
  const recorded = ledgerMessages(contracts).map(([type, schema]) =>
    add(
      `ledger${type}`,
      type,
      `mixdesk.ledger.${type}.v1`,
      schema,
      ledgerExample(contracts, type),
      'mixdesk',
    ),
  )
  messages.deadLetter = {
    name: 'deadLetter',
    title: 'dead letter',
    summary: 'A message that could not be used: its original bytes and headers, where it came from, and why.',
    headers: {
      type: 'object',
      required: [
        'mixdesk-topic',
        'mixdesk-partition',
        'mixdesk-offset',
        'mixdesk-failed-at',
        'mixdesk-because',
      ],
      properties: {
        'mixdesk-topic': { type: 'string', description: 'Topic it came from.' },
        'mixdesk-partition': { type: 'string', pattern: '^[0-9]+$', description: 'Partition it came from.' },
        'mixdesk-offset': { type: 'string', pattern: '^[0-9]+$', description: 'Its offset there.' },
        'mixdesk-failed-at': { type: 'string', description: 'The stage that turned it away.' },
        'mixdesk-because': { type: 'string', description: 'Why, in a sentence.' },
      },
    },
    payload: { description: 'The value as it came, whatever it was.' },
    bindings: { kafka: { key: { type: 'string', description: 'The key as it came.' }, ...kafka } },
  }

  const channel = (topic, title, description, ids) => {
    const { compacted } = topicSettings.find((settings) => settings.topic === topic)
    return {
      address: topic,
      title,
      description,
      messages: Object.fromEntries(ids.map((id) => [id, { $ref: `#/components/messages/${id}` }])),
      bindings: {
        kafka: {
          topic,
          partitions: defaultPartitions,
          topicConfiguration: { 'cleanup.policy': [compacted ? 'compact' : 'delete'] },
          ...kafka,
        },
      },
    }
  }
  const operation = (action, channelId, title, summary) => ({
    action,
    channel: { $ref: `#/channels/${channelId}` },
    title,
    summary,
  })
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Mixdesk',
      version,
      description:
        'Trainers report per-domain losses; Mixdesk sends data-mixture weights back. Messages are CloudEvents 1.0 over Kafka in binary mode (structured mode is accepted too), keyed by run. Unknown fields are ignored; unknown types go to the dead letters.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: '127.0.0.1:19092',
        protocol: 'kafka',
        description: 'The broker that `mixdesk start` brings up where none is configured.',
      },
    },
    channels: {
      trainerEvents: channel(
        topics.trainerEvents,
        'Trainer events',
        'Everything a trainer, or a person for a run, says. One topic, so that a run’s start, losses, acknowledgements and end stay in order.',
        reported,
      ),
      trainerCommands: channel(
        topics.trainerCommands,
        'Trainer commands',
        'The desired state of each run. Compacted and level-triggered: the newest message of a key is all a trainer needs.',
        commanded,
      ),
      ledger: channel(
        topics.ledger,
        'Ledger',
        'Every fact that was decided or declared, in the order of its run, at least once.',
        recorded,
      ),
      deadLetters: channel(
        topics.deadLetters,
        'Dead letters',
        'Messages that could not be used, with the reason.',
        ['deadLetter'],
      ),
    },
    operations: {
      receiveTrainerEvents: operation(
        'receive',
        'trainerEvents',
        'Take reports',
        'Mixdesk reads what trainers report. Sending one twice is safe.',
      ),
      sendTrainerCommands: operation(
        'send',
        'trainerCommands',
        'Set mixtures',
        'Mixdesk sends the mixture a run shall use. A trainer drops a version it has seen.',
      ),
      sendLedger: operation(
        'send',
        'ledger',
        'Tell what happened',
        'Mixdesk publishes each fact after it is committed.',
      ),
      sendDeadLetters: operation(
        'send',
        'deadLetters',
        'Keep what failed',
        'Mixdesk keeps the original bytes of what it could not use.',
      ),
    },
    components: { messages, schemas },
  }
}

/** Every generated file: [path below docs/, text]. */
export const generatedFiles = (contracts, version) =>
  [...schemaFiles(contracts), ['asyncapi.json', asyncApi(contracts, version)]].map(([path, value]) => [
    path,
    `${JSON.stringify(value, null, 2)}\n`,
  ])
