import type pg from 'pg'
import { DataSource } from 'typeorm'
import { EventStoreError } from '../event-store-error.js'
import { checkAddress } from './address.js'
import { CheckpointEntity } from './entities/checkpoint.entity.js'
import { ProjectEntity } from './entities/project.entity.js'
import { RunEntity } from './entities/run.entity.js'
import { eventStoreErrorOf, leavesConnectionUsable } from './errors.js'
import { silentLogger } from './silent-logger.js'
import { SteadyClient } from './steady-client.js'

export type DatabaseOptions = {
  readonly url: string
  readonly poolSize: number
  readonly applicationName: string
}

/** Named statements are planned once a connection. */
export type Statement = {
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}

export const connectTimeoutMs = 10_000
const statementTimeoutMs = 30_000

/** The pool, with failures translated. TypeORM owns it; the hot path borrows its connections for named statements. */
export class Database {
  private source: DataSource | undefined
  private readonly alone = new Set<pg.Client>()

  private readonly options: DatabaseOptions

  constructor(options: DatabaseOptions) {
    checkAddress(options.url)
    this.options = options
  }

  async open(): Promise<void> {
    const { url, poolSize, applicationName } = this.options
    const source = new DataSource({
      type: 'postgres',
      url,
      applicationName,
      poolSize,
      entities: [RunEntity, ProjectEntity, CheckpointEntity],
      installExtensions: false,
      logger: silentLogger,
      connectTimeoutMS: connectTimeoutMs,
      // An idle connection that breaks leaves the pool by itself; the next call opens another. Nothing to do, never a crash.
      poolErrorHandler: () => undefined,
      extra: {
        Client: SteadyClient,
        keepAlive: true,
        // Every statement here touches rows by their keys, whatever the values: planning each commit anew took as long as doing it.
        options: '-c plan_cache_mode=force_generic_plan',
        statement_timeout: statementTimeoutMs,
        // The server answers first if it can; this is for when it cannot.
        query_timeout: statementTimeoutMs + 5000,
        // An open transaction holds back everybody who reads the ledger by position.
        idle_in_transaction_session_timeout: statementTimeoutMs,
      },
    })
    try {
      await source.initialize()
    } catch (error) {
      throw eventStoreErrorOf(error)
    }
    this.source = source
  }

  async close(): Promise<void> {
    const source = this.source
    this.source = undefined
    await Promise.all([...this.alone].map((client) => endQuickly(client)))
    await source?.destroy()
  }

  async query<Row extends pg.QueryResultRow>(statement: Statement): Promise<Row[]> {
    try {
      return await this.queryRaw<Row>(statement)
    } catch (error) {
      throw eventStoreErrorOf(error)
    }
  }

  /** As `query`, with the driver's own errors: for who tells their codes apart. */
  async queryRaw<Row extends pg.QueryResultRow>(statement: Statement): Promise<Row[]> {
    const client = await this.pool().connect()
    let failure: unknown
    try {
      const result = await client.query<Row>({ ...statement, values: [...(statement.values ?? [])] })
      return result.rows
    } catch (error) {
      failure = error
      throw error
    } finally {
      client.release(failure !== undefined && !leavesConnectionUsable(failure))
    }
  }

  /** For what is read back as entities. */
  async read<T>(work: (source: DataSource) => Promise<T>): Promise<T> {
    try {
      return await work(this.running())
    } catch (error) {
      throw eventStoreErrorOf(error)
    }
  }

  /** A connection outside the pool, closed with the store at the latest. */
  async connectAlone(purpose: string): Promise<{ client: pg.Client; end: () => Promise<void> }> {
    this.running()
    const client = new SteadyClient({
      connectionString: this.options.url,
      application_name: `${this.options.applicationName} ${purpose}`,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
      keepAlive: true,
    })
    try {
      await client.connect()
    } catch (error) {
      throw eventStoreErrorOf(error)
    }
    this.alone.add(client)
    const end = async () => {
      this.alone.delete(client)
      await endQuickly(client)
    }
    return { client, end }
  }

  private running(): DataSource {
    if (this.source) return this.source
    throw new EventStoreError(
      'internal',
      'The event store is not running: call start() first, and nothing after stop().',
    )
  }

  private pool(): pg.Pool {
    return (this.running().driver as unknown as { readonly master: pg.Pool }).master
  }
}

/** Says goodbye, but does not wait for a server that may be gone. */
async function endQuickly(client: pg.Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, 1000)))
  await Promise.race([client.end().catch(() => undefined), patience])
  clearTimeout(timer)
  const { connection } = client as unknown as {
    readonly connection?: { readonly stream?: { destroy(): void } }
  }
  connection?.stream?.destroy()
}
