import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'

import { systemCode } from '../engine-error.js'
import { inspectProcess, isRunning } from '../process/process-table.js'

export type LockHolder = { pid: number; born: string; since: string }
export type Lock = { held: true; release: () => Promise<void> } | { held: false; holder: LockHolder }

/**
 * A lock that dies with its holder: the file names the process *and* when that process was born, so neither
 * a crash nor a pid given to somebody else keeps it held. Node.js has no flock; link() is the atomic step.
 */
export async function takeLock(path: string): Promise<Lock> {
  const self = inspectProcess(process.pid)
  const mine: LockHolder = { pid: process.pid, born: self?.born ?? '', since: new Date().toISOString() }
  const text = JSON.stringify(mine)
  const draft = `${path}.${process.pid}.draft`
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

/** Moves the stale lock away, unless a faster process has already put its own there: then that one is put back. */
async function clearStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`
  try {
    await rename(path, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  if ((await readIfThere(aside)) !== stale) await linked(aside, path)
  await rm(aside, { force: true })
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
