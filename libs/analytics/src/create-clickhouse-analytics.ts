import type { Analytics } from './analytics.js'
import { openClickHouseLink } from './clickhouse-link.js'
import { engineAnalytics } from './engine-analytics.js'
import { adhocSettings } from './run-sql.js'

export type ClickHouseAnalyticsOptions = {
  /** With user and password in it, where the server asks for them. */
  readonly url: string
  readonly database?: string
  /** For people's SQL: a user granted SELECT on the database only, its limits and `readonly` in its profile. Recommended. */
  readonly readonlyUrl?: string
}

const minute = 60_000

/** The history on a ClickHouse server. */
export function createClickHouseAnalytics({
  url,
  database = 'mixdesk',
  readonlyUrl,
}: ClickHouseAnalyticsOptions): Analytics {
  return engineAnalytics(async () => {
    await createDatabase(url, database)
    const open = (options: Partial<Parameters<typeof openClickHouseLink>[0]>) =>
      openClickHouseLink({
        url,
        database,
        settings: {},
        requestTimeoutMs: 10 * minute,
        connections: 2,
        ...options,
      })
    return {
      // A writer answers only when the rows are stored.
      writer: open({ settings: { wait_end_of_query: 1 } }),
      readers: [open({ settings: { max_execution_time: 600, wait_end_of_query: 1 }, connections: 4 })],
      adhoc:
        readonlyUrl === undefined
          ? open({ settings: { ...adhocSettings, wait_end_of_query: 1 }, requestTimeoutMs: minute })
          : open({ url: readonlyUrl, requestTimeoutMs: minute }),
    }
  })
}

async function createDatabase(url: string, database: string): Promise<void> {
  const link = openClickHouseLink({
    url,
    database: 'default',
    settings: {},
    requestTimeoutMs: minute,
    connections: 1,
  })
  try {
    await link.command(`CREATE DATABASE IF NOT EXISTS \`${database.replaceAll('`', '')}\``)
  } finally {
    await link.close()
  }
}
