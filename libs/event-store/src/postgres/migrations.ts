import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm'
import { EventStoreError } from '../event-store-error.js'
import { connectTimeoutMs, type Database } from './database.js'
import { eventStoreErrorOf } from './errors.js'
import { silentLogger } from './silent-logger.js'
import { SteadyClient } from './steady-client.js'

/**
 * Migrations are plain SQL files, wrapped for TypeORM here: nothing to compile, so the sources and the build (which lie
 * equally deep) find the same files, and an administrator can read or run them without us.
 */
const directory = fileURLToPath(new URL('../../../../migrations/postgres/', import.meta.url))
const fileName = /^(\d{13})-([a-z0-9-]+)\.sql$/
const migrationsLock = 0x6d69_7865

type MigrationClass = new () => MigrationInterface

export function loadMigrations(): readonly MigrationClass[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const [, timestamp, title] = fileName.exec(file) ?? []
      if (!timestamp || !title)
        throw new EventStoreError('internal', `${file} must be called <13 digits>-<words>.sql`)
      const sql = readFileSync(directory + file, 'utf8')
      return class implements MigrationInterface {
        // TypeORM reads the order from the end of the name.
        readonly name = `${title}-${timestamp}`
        async up(runner: QueryRunner): Promise<void> {
          await runner.query(sql)
        }
        down(): Promise<void> {
          return Promise.reject(
            new EventStoreError('invalid', 'Migrations go forward only; write the next one.'),
          )
        }
      }
    })
}

/** Runs what is pending, all or nothing. Processes that start together take turns. */
export async function runMigrations(url: string): Promise<void> {
  const turn = new SteadyClient({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs })
  // A connection of its own, without the pool's time limits: building an index may take long.
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize: 1,
    installExtensions: false,
    connectTimeoutMS: connectTimeoutMs,
    logger: silentLogger,
    poolErrorHandler: () => undefined,
    extra: { Client: SteadyClient },
    migrations: [...loadMigrations()],
    migrationsTableName: 'migrations',
  })
  try {
    await turn.connect()
    await turn.query('SELECT pg_advisory_lock($1)', [migrationsLock])
    await source.initialize()
    await source.runMigrations({ transaction: 'all' })
  } catch (error) {
    throw eventStoreErrorOf(error)
  } finally {
    if (source.isInitialized) await source.destroy().catch(() => undefined)
    await turn.end().catch(() => undefined)
  }
}

export async function checkMigrations(database: Database): Promise<void> {
  const [table] = await database.query<{ there: boolean }>({
    text: `SELECT to_regclass('migrations') IS NOT NULL AS there`,
  })
  const done = table?.there
    ? await database.query<{ name: string }>({ text: 'SELECT name FROM migrations' })
    : []
  const pending = loadMigrations()
    .map((Migration) => String((new Migration() as { name?: string }).name))
    .filter((name) => !done.some((row) => row.name === name))
  if (pending.length > 0)
    throw new EventStoreError(
      'invalid',
      `The database lacks migrations ${pending.join(', ')}: run them, or start with migrations: 'run'.`,
    )
}
