import { Session } from 'chdb'
import type { Link } from './link.js'

/** A connection to the embedded engine; every one of a process shares one data directory. */
export function openChdbLink(path: string): Link {
  const session = new Session(path)
  let last: Promise<unknown> = Promise.resolve()
  /**
   * One statement at a time, which is how a connection serves them anyway. It must be known which one failed: what a failing
   * statement had already put out stays in the connection and comes before the answer of the next, whoever asks it.
   * A throwaway statement, before anyone else's turn, takes it away.
   */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => session.queryAsync('SELECT 1', { format: 'Null' }).catch(() => undefined))
    return turn
  }
  return {
    command: (sql) =>
      inTurn(async () => void (await session.queryAsync(sql, { format: 'JSONCompactEachRow' }))),
    query: (sql, format) =>
      inTurn(async () => {
        const bytes = (await session.queryAsync(sql, { format })).bytes()
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      }),
    // The raw form hands the buffer to the engine without a copy; its settings hold for this statement alone.
    insert: ({ table, columns, settings, body }) =>
      inTurn(
        async () =>
          void (await session.insert({
            table,
            columns,
            settings,
            values: body,
            format: 'JSONCompactEachRow',
          })),
      ),
    close: async () => {
      await last
      session.close()
    },
  }
}
