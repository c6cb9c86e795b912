import { startEngines, type Engines } from '@mixdesk/engines'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

/** A Kafka of one's own for the tests of a file; they ask for its addresses once they run. */
export function useBroker(): () => readonly string[] {
  let home: string
  let engines: Engines

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'mixdesk-conformance-'))
    engines = await startEngines({ home, need: ['kafka'] })
  })
  afterAll(async () => {
    await engines?.stop()
    await rm(home, { recursive: true, force: true })
  })
  return () => engines.endpoints.kafka.brokers
}
