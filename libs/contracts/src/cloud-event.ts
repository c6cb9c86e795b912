import { bad, good, type Outcome } from './outcome.js'
import { limits } from './primitives.js'
import { nameOfType } from './topics.js'

/** Headers of a message as any Kafka client hands them over. */
export type RawHeaders = {
  readonly [name: string]: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
}

/** A CloudEvents 1.0 event, opened but not yet checked against our schemas. */
export type OpenedEvent = {
  readonly type: string
  readonly time?: string
  /** Short name, such as `losses.measured`; undefined when the type is not one of ours. */
  readonly name: string | undefined
  readonly data: unknown
}
/** With who sent it and under which id, which nothing on the hot path asks for: see `eventIdOf`. */
export type IdentifiedEvent = OpenedEvent & { readonly id: string; readonly source: string }

const strict = new TextDecoder('utf-8', { fatal: true })
const lenient = new TextDecoder()

/** A header as text: the first one of the name, decoded. */
export function headerText(headers: RawHeaders, name: string): string | undefined {
  const value = headers[name]
  const first = Array.isArray(value)
    ? (value as readonly (string | Uint8Array)[])[0]
    : (value as string | Uint8Array | undefined)
  if (first === undefined) return undefined
  return typeof first === 'string' ? first : lenient.decode(first)
}

function parseJson(value: Uint8Array): Outcome<unknown> {
  if (value.byteLength > limits.messageBytes)
    return bad(
      `The message has ${value.byteLength} bytes; at most ${limits.messageBytes} are accepted. Send fewer domains or signals a message.`,
    )
  let text: string
  try {
    text = strict.decode(value)
  } catch {
    return bad('The message is not UTF-8. Send JSON encoded as UTF-8.')
  }
  try {
    return good(JSON.parse(text))
  } catch (error) {
    return bad(`The message is not JSON: ${(error as Error).message}. Send one JSON object.`)
  }
}

/**
 * Opens a Kafka message in binary mode (`ce_*` headers, the value is the data) or structured mode
 * (`content-type: application/cloudevents+json`, the value is the whole event).
 */
export function openKafkaEvent(headers: RawHeaders, value: Uint8Array | null): Outcome<OpenedEvent> {
  if (value === null) return bad('The message has no value. Send the data of the event as JSON.')
  const parsed = parseJson(value)
  if (!parsed.ok) return parsed
  const type = headerText(headers, 'ce_type')
  if (type === undefined) {
    const contentType = headerText(headers, 'content-type') ?? ''
    if (contentType.startsWith('application/cloudevents+json')) return openStructuredEvent(parsed.value)
    return bad(
      'The message has no `ce_type` header. Send a CloudEvent: binary mode with ce_ headers, or content-type application/cloudevents+json.',
    )
  }
  const version = headerText(headers, 'ce_specversion')
  if (version !== undefined && version !== '1.0')
    return bad(`CloudEvents version 1.0 was expected, ${version.slice(0, 32)} came.`)
  const time = headerText(headers, 'ce_time')
  return good({
    type,
    ...(time === undefined ? {} : { time }),
    name: nameOfType(type),
    data: parsed.value,
  })
}

/** Opens one CloudEvent in JSON form, as HTTP batches and structured Kafka messages carry it. */
export function openStructuredEvent(value: unknown): Outcome<IdentifiedEvent> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return bad('A CloudEvent as a JSON object was expected.')
  const event = value as Record<string, unknown>
  const { id, type, source, specversion, time, data } = event
  if (specversion !== '1.0') return bad('`specversion` "1.0" was expected. Send a CloudEvents 1.0 event.')
  if (typeof type !== 'string' || type === '') return bad('`type` is missing; expected mixdesk.<name>.v1.')
  if (typeof id !== 'string' || id === '')
    return bad('`id` is missing; expected a non-empty text, unique for the source.')
  if (typeof source !== 'string' || source === '')
    return bad('`source` is missing; expected who sends the event, as a URI reference.')
  if (data === undefined) return bad('`data` is missing.')
  return good({
    id,
    type,
    source,
    ...(typeof time === 'string' ? { time } : {}),
    name: nameOfType(type),
    data,
  })
}

/**
 * The id of an event off Kafka, in whichever mode it came; undefined where it has none, or one too long to be told on.
 * Apart from opening it, because only events that open an attempt are asked for theirs.
 */
export function eventIdOf(headers: RawHeaders, opened: OpenedEvent): string | undefined {
  const id = 'id' in opened ? (opened as IdentifiedEvent).id : headerText(headers, 'ce_id')
  return id === undefined || id === '' || id.length > limits.eventIdLength ? undefined : id
}

/** Headers of an event in binary mode. */
export function cloudEventHeaders(event: {
  id: string
  type: string
  source: string
  time?: string | undefined
}): Record<string, string> {
  return {
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_specversion: '1.0',
    ...(event.time === undefined ? {} : { ce_time: event.time }),
    'content-type': 'application/json',
  }
}
