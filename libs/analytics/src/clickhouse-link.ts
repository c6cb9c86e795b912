import { Readable } from 'node:stream'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { insertHead, type Link } from './link.js'

export type ClickHouseLinkOptions = {
  readonly url: string
  readonly database: string
  /** None for a user whose profile is read-only: the server refuses any setting from such a user, even a harmless one. */
  readonly settings: { readonly [name: string]: string | number }
  readonly requestTimeoutMs: number
  readonly connections: number
}

/** A connection to a server over HTTP. */
export function openClickHouseLink(options: ClickHouseLinkOptions): Link {
  const client = createClient({
    url: options.url,
    database: options.database,
    clickhouse_settings: options.settings,
    request_timeout: options.requestTimeoutMs,
    max_open_connections: options.connections,
    // Its log would hold statements, and every error it logs is thrown as well.
    log: { level: ClickHouseLogLevel.OFF },
    // Compressed answers are asked for with a setting, which a read-only user may not change.
    compression: { request: false, response: false },
  })
  return {
    command: async (sql) => void (await client.command({ query: sql })),
    async query(sql, format) {
      const { stream } = await client.exec({ query: `${sql}\nFORMAT ${format}` })
      return collect(stream)
    },
    async insert(insert) {
      const { stream } = await client.exec({
        query: insertHead(insert),
        values: Readable.from([insert.body]),
      })
      await collect(stream)
    },
    close: async () => client.close(),
  }
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
