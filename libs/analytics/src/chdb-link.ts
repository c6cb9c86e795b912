import { Session } from 'chdb'
import type { Link } from './link.js'

/** A connection to the embedded engine; every one of a process shares one data directory. */
export function openChdbLink(path: string): Link {
  const session = new Session(path)
  const run = async (sql: string, format: string) => session.queryAsync(sql, { format })
  return {
    command: async (sql) => void (await run(sql, 'JSONCompactEachRow')),
    query: async (sql, format) => {
      const bytes = (await run(sql, format)).bytes()
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    // The raw form hands the buffer to the engine without a copy; its settings hold for this statement alone.
    insert: async ({ table, columns, settings, body }) =>
      void (await session.insert({ table, columns, settings, values: body, format: 'JSONCompactEachRow' })),
    close: async () => session.close(),
  }
}
