import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEngines } from '@mixdesk/engines'

/** A real PostgreSQL of the test's own. */
export type TestServer = {
  readonly url: string
  /** Ends it as a crash would; start() brings it back at the same address. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export async function startTestServer(): Promise<TestServer> {
  const home = mkdtempSync(join(tmpdir(), 'event-store-'))
  const engines = await startEngines({ home, need: ['postgres'] })
  const { postgres } = engines
  if (!postgres) throw new Error('no embedded PostgreSQL was started')
  return {
    url: engines.endpoints.postgres.url,
    kill: () => postgres.kill(),
    start: () => postgres.start(),
    async stop() {
      await engines.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
