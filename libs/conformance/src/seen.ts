import { headerText, limits, nameOfType, openStructuredEvent, type RawHeaders } from '@mixdesk/contracts'

/** An event as it was caught, unopened. */
export type Caught =
  | {
      readonly by: 'kafka'
      readonly where: string
      readonly key: string | null
      readonly partition: number
      readonly headers: RawHeaders
      readonly value: Uint8Array | null
    }
  | { readonly by: 'http'; readonly where: string; readonly event: unknown }

/** What of an event could be read, and what about its envelope is wrong. */
export type Opened = {
  readonly id: string | undefined
  readonly source: string | undefined
  readonly type: string | undefined
  readonly name: string | undefined
  readonly time: string | undefined
  readonly mode: 'binary' | 'structured'
  readonly contentType: string | undefined
  readonly data: unknown
  /** Why the value is no JSON; nothing else is known then but what headers say. */
  readonly notJson?: string
  /** Whether what keeps it from being JSON are numbers such as NaN. */
  readonly notFinite?: boolean
  readonly bytes: number
  /** Envelope attributes that are missing or wrong. */
  readonly missing: readonly string[]
}

const strict = new TextDecoder('utf-8', { fatal: true })
/** A bare NaN or Infinity where JSON wants a value. */
const bareNumber = /[[,:]\s*[-+]?(NaN|nan|Infinity|inf|Inf)\s*[\],}]/

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

export function open(caught: Caught): Opened {
  if (caught.by === 'http') return openStructured(caught.event, 'application/cloudevents+json', 0)
  const { headers, value } = caught
  const contentType = headerText(headers, 'content-type')
  const type = text(headerText(headers, 'ce_type'))
  const bytes = value?.byteLength ?? 0
  const parsed = parse(value)
  if (type === undefined && contentType?.startsWith('application/cloudevents+json') === true)
    return { ...openStructured(parsed.value, contentType, bytes), ...without(parsed) }
  const id = text(headerText(headers, 'ce_id'))
  const source = text(headerText(headers, 'ce_source'))
  const version = headerText(headers, 'ce_specversion')
  const missing = [
    ...(id === undefined ? ['ce_id'] : []),
    ...(type === undefined ? ['ce_type'] : []),
    ...(source === undefined ? ['ce_source'] : []),
    ...(version === '1.0' ? [] : ['ce_specversion']),
  ]
  return {
    id,
    source,
    type,
    name: type === undefined ? undefined : nameOfType(type),
    time: text(headerText(headers, 'ce_time')),
    mode: 'binary',
    contentType,
    data: parsed.value,
    bytes,
    missing,
    ...without(parsed),
  }
}

function openStructured(event: unknown, contentType: string, bytes: number): Opened {
  const fields = (typeof event === 'object' && event !== null ? event : {}) as Record<string, unknown>
  const opened = openStructuredEvent(event)
  const missing = opened.ok
    ? []
    : ['id', 'type', 'source']
        .filter((field) => text(fields[field]) === undefined)
        .concat(
          fields['specversion'] === '1.0' ? [] : ['specversion'],
          fields['data'] === undefined ? ['data'] : [],
        )
  const type = text(fields['type'])
  return {
    id: text(fields['id']),
    source: text(fields['source']),
    type,
    name: type === undefined ? undefined : nameOfType(type),
    time: text(fields['time']),
    mode: 'structured',
    contentType,
    data: fields['data'],
    bytes,
    missing,
  }
}

type ParsedValue = { readonly value: unknown; readonly notJson?: string; readonly notFinite?: boolean }
const without = ({ notJson, notFinite }: ParsedValue) => ({
  ...(notJson === undefined ? {} : { notJson }),
  ...(notFinite === undefined ? {} : { notFinite }),
})

function parse(value: Uint8Array | null): ParsedValue {
  if (value === null) return { value: undefined, notJson: 'no value' }
  let decoded: string
  try {
    decoded = strict.decode(value)
  } catch {
    return { value: undefined, notJson: 'bytes that are not UTF-8' }
  }
  try {
    return { value: JSON.parse(decoded) as unknown }
  } catch (error) {
    return {
      value: undefined,
      notJson: (error as Error).message,
      notFinite: bareNumber.test(decoded),
    }
  }
}

export const tooLarge = ({ bytes }: Opened): boolean => bytes > limits.messageBytes
