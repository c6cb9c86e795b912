import { randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { systemCode } from '../engine-error.js'
import { inspectProcess, isRunning } from '../process/process-table.js'

export type LockHolder = { pid: number; born: string; since: string; token: string }
export type Lock = { held: true; release: () => Promise<void> } | { held: false; holder: LockHolder }

/**
 * A lock that dies with its holder: the file names the process *and* when that process was born, so neither
 * a crash nor a pid given to somebody else keeps it held. Node.js has no flock; link() is the atomic step.
 */
export async function takeLock(path: string): Promise<Lock> {
  const token = randomUUID()
  const born = inspectProcess(process.pid)?.born ?? ''
  const mine: LockHolder = { pid: process.pid, born, since: new Date().toISOString(), token }
  const text = JSON.stringify(mine)
  const draft = `${path}.${token}`
  await writeFile(draft, text, { mode: 0o600 })
  try {
    for (;;) {
      if (await linked(draft, path)) return { held: true, release: () => release(path, text) }
      const found = await readIfThere(path)
      if (found === undefined) continue // released between the two calls
      const holder = parse(found)
      if (holder && isRunning(holder)) return { held: false, holder }
      await clearStale(path, found)
    }
  } finally {
    await rm(draft, { force: true })
  }
}

/**
 * Two processes may find the same stale lock, and the slower must not remove the new one of the faster. So removing
 * needs a lock too, of the same kind: whoever dies here leaves a stale one of those, and the next goes one deeper.
 */
async function clearStale(path: string, stale: string): Promise<void> {
  const guard = await takeLock(`${path}.takeover`)
  if (!guard.held) {
    await sleep(5) // somebody is at it
    return
  }
  try {
    if ((await readIfThere(path)) === stale) await rm(path)
  } finally {
    await guard.release()
  }
}

async function release(path: string, mine: string): Promise<void> {
  if ((await readIfThere(path)) === mine) await rm(path, { force: true })
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function parse(text: string): LockHolder | undefined {
  try {
    const value = JSON.parse(text) as LockHolder
    return Number.isInteger(value.pid) && typeof value.born === 'string' ? value : undefined
  } catch {
    return undefined // half-written by a machine that went down: nobody holds it
  }
}
