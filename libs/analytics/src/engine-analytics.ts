import { AnalyticsError } from './analytics-error.js'
import type { Analytics } from './analytics.js'
import { readCurve } from './curve.js'
import { asAnalyticsError } from './engine-error.js'
import type { Link, Links } from './link.js'
import { migrate } from './migrate.js'
import { readLog, readResumes, readRunStarted } from './read-log.js'
import { runSql } from './run-sql.js'
import { writeBlock } from './write-block.js'

/** The port over any engine that speaks ClickHouse's SQL: all that differs is how connections are opened. */
export function engineAnalytics(open: () => Promise<Links>): Analytics {
  let opened: Links | undefined
  let starting: Promise<void> | undefined
  let turn = 0
  let writing: Promise<unknown> = Promise.resolve()
  const links = (): Links => {
    if (opened === undefined)
      throw new AnalyticsError('unavailable', 'The history is not open; start it first.')
    return opened
  }
  const reader = (): Link => {
    const { readers } = links()
    return readers[turn++ % readers.length]!
  }
  const ours = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw asAnalyticsError(error, 'ours')
    }
  }

  return {
    // Starting twice at once opens once.
    start: () =>
      (starting ??= ours(async () => {
        opened ??= await open()
        await migrate(opened.writer)
      }).finally(() => (starting = undefined))),
    stop: async () => {
      await starting?.catch(() => undefined)
      const closing = opened
      opened = undefined
      if (closing === undefined) return
      await writing.catch(() => undefined)
      for (const link of [closing.adhoc, ...closing.readers, closing.writer]) await link.close()
    },
    ping: () => ours(async () => void (await reader().query('SELECT 1', 'JSONCompactEachRow'))),
    write: (block) => {
      const written = ours(() => writeBlock(links().writer, block))
      writing = Promise.allSettled([writing, written])
      return written
    },
    async *readLog(run, options) {
      try {
        yield* readLog(reader(), run, options)
      } catch (error) {
        throw asAnalyticsError(error, 'ours')
      }
    },
    runStarted: (run) => ours(() => readRunStarted(reader(), run)),
    resumes: (run) => ours(() => readResumes(reader(), run)),
    curve: (run, options = {}) => ours(() => readCurve(reader(), run, options)),
    sql: async (text, options) => {
      try {
        return await runSql(links().adhoc, text, options)
      } catch (error) {
        throw asAnalyticsError(error, 'persons')
      }
    },
  }
}
