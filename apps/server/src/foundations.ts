import { createChdbAnalytics, createClickHouseAnalytics, type Analytics } from '@mixdesk/analytics'
import { startEngines, type Engines } from '@mixdesk/engines'
import { createPostgresEventStore } from '@mixdesk/event-store'
import { createKafkaMessaging } from '@mixdesk/messaging'
import { Logger } from '@nestjs/common'
import { resolve } from 'node:path'
import type { Foundations } from './app.module.js'
import type { Config } from './config.js'

/** Engines for one machine, where the configuration names none. */
export function startConfiguredEngines(config: Config, onProgress: (line: string) => void): Promise<Engines> {
  const {
    MIXDESK_KAFKA_BROKERS: brokers,
    MIXDESK_POSTGRES_URL: postgresUrl,
    MIXDESK_CLICKHOUSE_URL: clickhouseUrl,
  } = config
  return startEngines({
    home: resolve(config.MIXDESK_HOME),
    configured: {
      ...(brokers === undefined ? {} : { kafkaBrokers: brokers.split(',').map((broker) => broker.trim()) }),
      ...(postgresUrl === undefined ? {} : { postgresUrl }),
      ...(clickhouseUrl === undefined ? {} : { clickhouseUrl }),
    },
    need: needsHistory(config) ? ['kafka', 'postgres', 'chdb'] : ['kafka', 'postgres'],
    onProgress,
  })
}

/** The real adapters on the engines' addresses. */
export function foundationsOn(config: Config, engines: Pick<Engines, 'endpoints'>): Foundations {
  const { kafka, postgres } = engines.endpoints
  const logger = new Logger('kafka')
  const {
    MIXDESK_KAFKA_SASL_MECHANISM: mechanism,
    MIXDESK_KAFKA_SASL_USERNAME: username,
    MIXDESK_KAFKA_SASL_PASSWORD: password,
  } = config
  return {
    config,
    store: createPostgresEventStore({ url: postgres.url, applicationName: 'mixdesk' }),
    messaging: createKafkaMessaging({
      brokers: [...kafka.brokers],
      clientId: 'mixdesk',
      ssl: config.MIXDESK_KAFKA_SSL,
      ...(mechanism === undefined || username === undefined || password === undefined
        ? {}
        : { sasl: { mechanism, username, password } }),
      logger: (level, message) =>
        level === 'error'
          ? logger.error(message)
          : level === 'warn'
            ? logger.warn(message)
            : logger.debug(message),
    }),
    analytics: needsHistory(config) ? analyticsOn(config, engines) : undefined,
  }
}

const needsHistory = (config: Config) =>
  config.MIXDESK_ROLES.includes('history') || config.MIXDESK_ROLES.includes('api')

function analyticsOn(config: Config, engines: Pick<Engines, 'endpoints'>): Analytics {
  const { chdb } = engines.endpoints
  const { MIXDESK_CLICKHOUSE_URL: url, MIXDESK_CLICKHOUSE_READONLY_URL: readonlyUrl } = config
  if (url !== undefined) {
    const { address, database } = splitDatabase(url)
    return createClickHouseAnalytics({
      url: address,
      ...(database === undefined ? {} : { database }),
      ...(readonlyUrl === undefined ? {} : { readonlyUrl: splitDatabase(readonlyUrl).address }),
    })
  }
  if (chdb === undefined)
    throw new Error(
      'Neither a ClickHouse address nor a folder for chDB is there; set MIXDESK_CLICKHOUSE_URL, or leave it out for the embedded engine.',
    )
  return createChdbAnalytics({ path: chdb.path })
}

/** The database stands in the path of the address; the client wants them apart, or it could not create it. */
function splitDatabase(url: string): { readonly address: string; readonly database: string | undefined } {
  const address = new URL(url)
  const database = address.pathname.slice(1)
  address.pathname = ''
  return { address: address.href, database: database === '' ? undefined : database }
}
