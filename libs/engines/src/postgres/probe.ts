import pg from 'pg'

/** Runs one statement on a connection of its own. Rejects when the server isn't there, isn't ready, or isn't ours. */
export async function queryOnce(url: string, sql: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  })
  client.on('error', () => undefined) // a connection lost while idle would otherwise end the process
  try {
    await client.connect()
    return (await client.query(sql, values)).rows as unknown[]
  } finally {
    await client.end().catch(() => undefined)
  }
}
