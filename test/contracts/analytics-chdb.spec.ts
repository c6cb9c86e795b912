import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createChdbAnalytics } from '@mixdesk/analytics'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { block, logOf, rowsOf } from './analytics.builders.js'
import { analyticsContract } from './analytics.contract.js'

// The engine holds one data directory per process: everything here shares one, and a child writes to it while it is closed.
describe('the history in chDB', () => {
  const path = mkdtempSync(join(tmpdir(), 'mixdesk-analytics-'))
  const analytics = createChdbAnalytics({ path })
  beforeAll(() => analytics.start())
  afterAll(async () => {
    await analytics.stop()
    rmSync(path, { recursive: true, force: true })
  })

  analyticsContract({ analytics: () => analytics, sql: true })

  it('refuses a block whose rows do not fit, and keeps nothing of that table', async () => {
    const { observation } = rowsOf('misfit')
    const misfit = observation(2, { step: 'seven' as unknown as number })
    await expect(analytics.write(block({ observations: [observation(1), misfit] }))).rejects.toMatchObject({
      code: 'internal',
      retriable: false,
    })
    expect(await logOf(analytics, 'misfit')).toEqual([])
  })

  it('gives the rest of a failed answer to nobody', async () => {
    // The engine itself puts what a failing query had begun to say before the answer of the next.
    const failing = analytics.sql('SELECT number, throwIf(number = 900000) FROM numbers(1000000)', {
      maxRows: 1_000_000,
    })
    const next = [analytics.sql('SELECT 1'), analytics.sql('SELECT 2')]
    await expect(failing).rejects.toMatchObject({ code: 'invalid' })
    expect((await Promise.all(next)).map(({ rows }) => rows)).toEqual([[[1]], [[2]]])
  })

  it('opens for two starts at once', async () => {
    await analytics.stop()
    await Promise.all([analytics.start(), analytics.start()])
    await analytics.ping()
  })

  it('loses no acknowledged block and tears none when its process is killed while it writes', async () => {
    await analytics.stop()
    const rowsPerBlock = 500
    const acknowledged = await writeUntilKilled(path, rowsPerBlock, 12)
    expect(acknowledged).toBeGreaterThanOrEqual(12)
    await analytics.start()
    const perBlock = new Map<number, number>()
    for (const { row } of await logOf(analytics, 'killed')) {
      const number = Math.floor(Number(row.offset) / rowsPerBlock)
      perBlock.set(number, (perBlock.get(number) ?? 0) + 1)
    }
    expect([...perBlock.values()].every((rows) => rows === rowsPerBlock)).toBe(true)
    for (let number = 0; number <= acknowledged; number++) expect(perBlock.get(number)).toBe(rowsPerBlock)
    expect(perBlock.size).toBeLessThanOrEqual(acknowledged + 2)
  })
})

/** Lets a child write blocks and kills it right after it acknowledged `blocks` of them; gives the last number heard. */
async function writeUntilKilled(path: string, rowsPerBlock: number, blocks: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [new URL('analytics-writer.mjs', import.meta.url).pathname, path, String(rowsPerBlock)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let last = -1
  for await (const line of createInterface(child.stdout)) {
    last = Number(line)
    if (last >= blocks) child.kill('SIGKILL')
  }
  await exited
  return last
}
