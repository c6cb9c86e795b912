import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type EngineErrorCode, type EnginesOptions, startEngines } from '@mixdesk/engines'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import { newFolder, occupy, processesOf, wipe } from './support.js'

let home: string
beforeEach(async () => {
  home = await newFolder()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await wipe(home)
}, 240_000)

/** Refused with that code and one sentence; nothing left running; the home free for the next try. */
async function expectRefusal(
  options: Partial<EnginesOptions>,
  code: EngineErrorCode,
  sentence: RegExp,
): Promise<void> {
  const error: unknown = await startEngines({ home, ...options }).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'EngineError', code })
  expect(String(error)).toMatch(sentence)
  expect(String(error)).not.toContain('\n')
  expect(processesOf(home)).toEqual([])
}

describe('a refusal says what was expected, what came and what to do', { timeout: 240_000 }, () => {
  it('when a port that was asked for is taken', async () => {
    const { server, port } = await occupy()
    try {
      await expectRefusal(
        { need: ['postgres'], ports: { postgres: port } },
        'port-in-use',
        /another program holds/,
      )
      await expectRefusal({ need: ['kafka'], ports: { kafka: port } }, 'port-in-use', /give another port/)
    } finally {
      server.close()
    }
  })

  it('when the home folder is in use, until it is not', async () => {
    const first = await startEngines({ home, need: ['chdb'] })
    await expectRefusal({ need: ['chdb'] }, 'home-in-use', /in use by this very process/)
    await first.stop()
    await (await startEngines({ home, need: ['chdb'] })).stop()
  })

  it('when the home folder is somebody else’s', async () => {
    await writeFile(join(home, 'letter.txt'), 'Dear')
    await expectRefusal({}, 'foreign-data-directory', /holds "letter.txt"/)
    expect(await readdir(home)).toEqual(['letter.txt'])
  })

  it('when the data directory is of another PostgreSQL', async () => {
    await (await startEngines({ home, need: ['chdb'] })).stop()
    await mkdir(join(home, 'postgres', 'data'), { recursive: true })
    await writeFile(join(home, 'postgres', 'data', 'PG_VERSION'), '15\n')
    await expectRefusal(
      { need: ['postgres'] },
      'foreign-data-directory',
      /version 18, but was made by version 15/,
    )
  })

  it('when the data directory is of another Kafka cluster', async () => {
    await (await startEngines({ home, need: ['chdb'] })).stop()
    await mkdir(join(home, 'kafka', 'data'), { recursive: true })
    const meta = 'version=1\nnode.id=1\ncluster.id=somebody-elses\n'
    await writeFile(join(home, 'kafka', 'data', 'meta.properties'), meta)
    await expectRefusal({ need: ['kafka'] }, 'foreign-data-directory', /belongs to cluster somebody-elses/)
  })

  it('when there is no Java, and stops what had started beside it', async () => {
    vi.stubEnv('PATH', await pathWith({}))
    await expectRefusal({}, 'java-missing', /there is no "java" on the path: install it with "sudo apt-get/)
  })

  it('when Java is too old', async () => {
    vi.stubEnv('PATH', await pathWith({ java: `echo 'openjdk version "11.0.2" 2019-01-15' >&2` }))
    await expectRefusal({ need: ['kafka'] }, 'java-too-old', /17 or newer and "java" is openjdk version "11/)
  })

  /** A path with these programs, and `unshare`, which PostgreSQL needs when we are root. */
  async function pathWith(programs: Record<string, string>): Promise<string> {
    const folder = await newFolder()
    onTestFinished(() => wipe(folder))
    const all = { unshare: 'exec /usr/bin/unshare "$@"', ...programs }
    for (const [name, script] of Object.entries(all)) {
      await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    }
    return folder
  }
})
