import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import type { Environment } from '../environment.js'

export type EngineAddress = {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly embedded: boolean
}

/** Where the engines are: as configured, else where the last start in this home put them. */
export function engineAddresses(environment: Environment, home: string): EngineAddress[] {
  const configured = {
    Kafka: brokersOf(environment['MIXDESK_KAFKA_BROKERS']),
    PostgreSQL: fromUrl(environment['MIXDESK_POSTGRES_URL'], 5432),
    ClickHouse: fromUrl(environment['MIXDESK_CLICKHOUSE_URL'], 8123),
  }
  const started = lastStart(home)
  const of = (name: 'Kafka' | 'PostgreSQL' | 'ClickHouse', embedded: readonly Place[]): EngineAddress[] =>
    configured[name].length > 0
      ? configured[name].map((place) => ({ name, ...place, embedded: false }))
      : embedded.map((place) => ({ name, ...place, embedded: true }))
  return [...of('Kafka', started.kafka), ...of('PostgreSQL', started.postgres), ...of('ClickHouse', [])]
}

type Place = { readonly host: string; readonly port: number }

function lastStart(home: string): { readonly kafka: readonly Place[]; readonly postgres: readonly Place[] } {
  try {
    const { kafka, postgres } = JSON.parse(readFileSync(join(resolve(home), 'endpoints.json'), 'utf8')) as {
      kafka: { brokers: string[] }
      postgres: { url: string }
    }
    return { kafka: brokersOf(kafka.brokers.join(',')), postgres: fromUrl(postgres.url, 5432) }
  } catch {
    return { kafka: [], postgres: [] }
  }
}

const brokersOf = (text: string | undefined): Place[] =>
  (text ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '')
    .flatMap((broker) => fromUrl(`kafka://${broker}`, 9092))

function fromUrl(text: string | undefined, otherwise: number): Place[] {
  if (text === undefined || !URL.canParse(text)) return []
  const { hostname, port } = new URL(text)
  return hostname === ''
    ? []
    : [{ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? otherwise : Number(port) }]
}

/** Whether something accepts a connection there within three seconds. */
export function answers(host: string, port: number): Promise<boolean> {
  return new Promise((tell) => {
    const socket = connect({ host, port, timeout: 3000 })
    const done = (up: boolean) => (): void => {
      socket.destroy()
      tell(up)
    }
    socket.once('connect', done(true)).once('error', done(false)).once('timeout', done(false))
  })
}

/** The address as people may see it: without user's password and options. */
export function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return '(an address that is no URL)'
  const url = new URL(text)
  url.password = ''
  url.search = ''
  return url.href
}
