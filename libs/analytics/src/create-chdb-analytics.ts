import { mkdirSync } from 'node:fs'
import type { Analytics } from './analytics.js'
import { openChdbLink } from './chdb-link.js'
import { engineAnalytics } from './engine-analytics.js'
import type { Link, Links } from './link.js'
import { adhocSettings } from './run-sql.js'

const database = 'mixdesk'
const readers = 2
/** Closing waits for what runs, so nothing may run for ever. */
const readerSettings = { max_execution_time: 600 }

/**
 * The history in process. The engine holds one data directory per process and one process per directory, and it
 * crashes in worker threads: use it on the main thread or in a child process.
 */
export function createChdbAnalytics(options: { readonly path: string }): Analytics {
  return engineAnalytics(async () => {
    mkdirSync(options.path, { recursive: true })
    const opened: Link[] = []
    const openLink = async (settings: { readonly [name: string]: string | number }): Promise<Link> => {
      const link = openChdbLink(options.path)
      opened.push(link)
      await link.command(`CREATE DATABASE IF NOT EXISTS ${database} ENGINE = Atomic`)
      await link.command(`USE ${database}`)
      // On this engine a setting sticks to its connection, which here is the point.
      for (const [name, value] of Object.entries(settings))
        await link.command(`SET ${name} = ${typeof value === 'number' ? value : `'${value}'`}`)
      return link
    }
    try {
      const links: Links = {
        writer: await openLink({}),
        readers: await Promise.all(Array.from({ length: readers }, () => openLink(readerSettings))),
        adhoc: await openLink(adhocSettings),
      }
      return links
    } catch (error) {
      for (const link of opened) await link.close()
      throw error
    }
  })
}
