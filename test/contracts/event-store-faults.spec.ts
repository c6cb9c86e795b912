import { EventStoreError, createPostgresEventStore, type EventStore } from '@mixdesk/event-store'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { append, fact, readOn, runRow, unique, until } from './event-store.builders.js'
import { startTestServer, type TestServer } from './event-store-server.js'

/** What only a server can do to us; the rest is in the suite that both adapters pass. */
describe('an event store on a PostgreSQL that misbehaves', { timeout: 240_000 }, () => {
  let server: TestServer
  let store: EventStore
  let admin: pg.Client

  const connectAdmin = async () => {
    admin = new pg.Client({ connectionString: server.url })
    admin.on('error', () => undefined)
    await admin.connect()
  }
  beforeAll(async () => {
    server = await startTestServer()
    store = createPostgresEventStore({ url: server.url, poolSize: 8 })
    await store.start()
    await connectAdmin()
  })
  afterAll(async () => {
    await store.stop()
    await admin.end().catch(() => undefined)
    await server.stop()
  })

  it('reads nothing past a commit that is still open, and passes over nothing when it ends', async () => {
    const start = (await readOn(store, '0')).at(-1)?.position ?? '0'
    const [slow, fast, project] = [unique('slow'), unique('fast'), unique('project')]
    // The slow commit is the store's own statement: its last part waits for a project name that we hold.
    await admin.query('BEGIN')
    await admin.query('INSERT INTO projects (project) VALUES ($1)', [project])
    const open = append(store, slow, 0, { run: runRow(slow, { project }) })
    await until('the slow commit waits', async () => (await waiting()) === 1)
    for (let version = 0; version < 5; version += 1) await append(store, fast, version)
    expect(await readOn(store, start)).toEqual([])
    await admin.query('ROLLBACK')
    expect(await open).toEqual({ kind: 'committed', version: 1 })
    const read = await readOn(store, start, 2)
    expect(read.map(({ stream }) => stream)).toEqual([slow, fast, fast, fast, fast, fast])
  })

  it('writes each commit once when connections are cut under twelve writers, who only repeat what is retriable', async () => {
    const streams = Array.from({ length: 12 }, () => unique('run'))
    let interruptions = 0
    let writing = true
    // At least sixty commits each, and on until one was cut: who cuts may get to it late.
    const write = async (stream: string) => {
      let version = 0
      for (; version < 60 || interruptions === 0; version += 1) {
        for (;;) {
          try {
            await store.commit({
              stream,
              expectedVersion: version,
              events: [fact(version, `${stream}/${version}`)],
              outbox: [{ topic: 't', key: stream, headers: {}, value: String(version) }],
            })
            break
          } catch (error) {
            expect(error).toMatchObject({ name: 'EventStoreError', code: 'unavailable', retriable: true })
            interruptions += 1
          }
        }
      }
      return version
    }
    const cut = async () => {
      while (writing) {
        await admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'mixdesk' AND state <> 'idle' ORDER BY random() LIMIT 2`,
        )
        await until('somebody writes', async () => !writing || (await active()) > 2)
      }
    }
    const cutting = cut()
    const written = await Promise.all(streams.map(write)).finally(() => (writing = false))
    await cutting
    expect(interruptions).toBeGreaterThan(0)
    const pending = await store.pendingOutbox(1_000_000)
    for (const [writer, stream] of streams.entries()) {
      const versions = Array.from({ length: written[writer]! }, (_, n) => n)
      expect((await store.readStream(stream)).map(({ id }) => id)).toEqual(
        versions.map((n) => `${stream}/${n}`),
      )
      expect(pending.filter(({ key }) => key === stream).map(({ value }) => value)).toEqual(
        versions.map(String),
      )
    }
  })

  it('fails retriably while the server is gone, loses leases, and goes on by itself when it is back', async () => {
    const stream = unique('run')
    await append(store, stream, 0)
    let lostBecause: unknown
    const lease = store.withLease(unique('relay'), async (lost) => {
      await server.kill()
      await until('the lease is lost', () => lost.aborted)
      lostBecause = lost.reason
    })
    expect(await lease).toBe(true)
    expect(lostBecause).toBeInstanceOf(EventStoreError)
    const calls = [
      store.ping(),
      append(store, stream, 1),
      store.findRun('x'),
      store.listRuns({ limit: 1 }),
      store.withLease('x', () => Promise.resolve()),
      store.moveCursor('x', undefined, '1'),
    ]
    for (const outcome of await Promise.allSettled<unknown>(calls))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable', retriable: true } })
    await server.start()
    expect(await append(store, stream, 1)).toEqual({ kind: 'committed', version: 2 })
    await connectAdmin()
  })

  it('waits at its start for a server that is just starting, but not forever', async () => {
    await server.kill()
    const impatient = createPostgresEventStore({ url: server.url, startTimeoutMs: 200 })
    await expect(impatient.start()).rejects.toMatchObject({ code: 'unavailable' })
    const patient = createPostgresEventStore({ url: server.url, startTimeoutMs: 180_000 })
    const started = patient.start()
    await server.start()
    await started
    await patient.ping()
    await patient.stop()
    await impatient.stop()
    await connectAdmin()
  })

  it('brings an empty database up to date once when several start together, and can insist on that instead', async () => {
    await admin.query('CREATE DATABASE fresh')
    const url = database('fresh')
    const strict = createPostgresEventStore({ url, migrations: 'check' })
    await expect(strict.start()).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/lacks migrations ledger-\d+/),
    })
    const several = Array.from({ length: 4 }, () => createPostgresEventStore({ url, poolSize: 1 }))
    await Promise.all(several.map((one) => one.start()))
    await strict.start()
    expect(await append(strict, 'run', 0)).toEqual({ kind: 'committed', version: 1 })
    await Promise.all([strict, ...several].map((one) => one.stop()))
  })

  it('keeps positions rising in a cluster whose transactions count from lower than the ledger did', async () => {
    await admin.query('CREATE DATABASE restored')
    const url = database('restored')
    const first = createPostgresEventStore({ url })
    await first.start()
    await append(first, 'run', 0)
    await first.stop()
    const restored = new pg.Client({ connectionString: url })
    await restored.connect()
    await restored.query('UPDATE ledger SET position = position + 1000000 * 65536::bigint')
    await restored.end()
    const second = createPostgresEventStore({ url })
    await second.start()
    await append(second, 'run', 1)
    expect((await readOn(second, '0')).map(({ version }) => version)).toEqual([1, 2])
    await second.stop()
  })

  it('says nothing of the password, whatever is wrong', async () => {
    const at = (change: (url: URL) => void) => {
      const url = new URL(server.url)
      url.password = 's3cret-word'
      change(url)
      return url.href
    }
    const wrong = [
      at((url) => (url.port = '1')),
      at((url) => (url.pathname = '/nowhere')),
      at((url) => (url.username = 'nobody')),
      'postgres://user:s3cret-word@host:notaport/x',
      'mysql://user:s3cret-word@host/x',
    ]
    for (const url of wrong) {
      const error = await startOf(url).then(
        () => undefined,
        (reason: unknown) => reason as Error,
      )
      expect(error).toBeInstanceOf(EventStoreError)
      for (let at: unknown = error; at instanceof Error; at = at.cause)
        expect(`${at.stack} ${JSON.stringify(Object.entries(at))}`).not.toContain('s3cret-word')
    }
  })

  it('refuses to work before its start and after its end', async () => {
    const idle = createPostgresEventStore({ url: server.url })
    await expect(idle.ping()).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/start\(\)/),
    })
    await idle.start()
    await idle.start()
    await idle.ping()
    await idle.stop()
    await idle.stop()
    await expect(idle.ping()).rejects.toMatchObject({ code: 'internal' })
    await idle.start()
    await idle.ping()
    await idle.stop()
  })

  function database(name: string): string {
    const url = new URL(server.url)
    url.pathname = `/${name}`
    return url.href
  }
  async function startOf(url: string): Promise<void> {
    const wrong = createPostgresEventStore({ url, startTimeoutMs: 100 })
    await wrong.start()
  }
  const count = async (condition: string) => {
    const { rows } = await admin.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'mixdesk' AND ${condition}`,
    )
    return rows[0]?.n ?? 0
  }
  const waiting = () => count(`wait_event_type = 'Lock'`)
  const active = () => count(`state <> 'idle'`)
})
