import { readdir, readFile } from 'node:fs/promises'
import type { Link } from './link.js'
import { quote } from './link.js'

/** The same place seen from `src` and from `dist`. */
const folder = new URL('../../../migrations/clickhouse/', import.meta.url)

/**
 * Brings the tables up to the newest migration, forward only. A file holds one statement that may run twice
 * (`IF NOT EXISTS`, `OR REPLACE`), so two processes that start at once do no harm.
 */
export async function migrate(link: Link): Promise<void> {
  await link.command(
    `CREATE TABLE IF NOT EXISTS schema_migrations (name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = ReplacingMergeTree ORDER BY name`,
  )
  const seen = await link.query('SELECT DISTINCT name FROM schema_migrations', 'JSONCompactEachRow')
  const applied = new Set(
    seen
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as [string])[0]),
  )
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  for (const name of names) {
    if (applied.has(name)) continue
    await link.command(await readFile(new URL(name, folder), 'utf8'))
    await link.command(`INSERT INTO schema_migrations (name) VALUES (${quote(name)})`)
  }
}
