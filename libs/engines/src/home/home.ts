import { access, constants, mkdir, readdir, readFile, realpath, statfs } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { EngineError, systemCode } from '../engine-error.js'
import { type Lock, type LockHolder, takeLock } from './lock.js'
import { writeAtomically } from './write-atomically.js'

export type Home = { path: string; release: () => Promise<void> }

const marker = 'mixdesk-home.json'
const lock = 'mixdesk.lock'
/** What may be there before the first start: a disk's own folder, and models that somebody has put there for agents. */
const expected = ['lost+found', 'models']
const dyingMs = 2000
const leastFreeBytes = 200 * 1024 * 1024

/** Makes or recognises the home folder and locks it. Nothing is written before it is known to be ours. */
export async function openHome(home: string): Promise<Home> {
  let path = resolve(home)
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    path = await realpath(path) // engines that run are recognised by their paths, so there must be one spelling
    await access(path, constants.W_OK | constants.X_OK)
    await refuseForeign(path)
    await refuseFullDisk(path)
    const taken = await takeLockOf(path)
    if (!taken.held) throw inUse(path, taken.holder)
    const written = JSON.stringify({ what: 'the home folder of a Mixdesk server', format: 1 })
    await writeAtomically(join(path, marker), written + '\n')
    return { path, release: taken.release }
  } catch (error) {
    throw explain(error, path)
  }
}

/** A holder that was killed a moment ago may not be gone yet: the system takes a while to take a large process apart. */
async function takeLockOf(path: string): Promise<Lock> {
  const deadline = performance.now() + dyingMs
  for (;;) {
    const taken = await takeLock(join(path, lock))
    if (taken.held || taken.holder.pid === process.pid || performance.now() > deadline) return taken
    await sleep(25)
  }
}

function inUse(path: string, { pid, since }: LockHolder): EngineError {
  const who = pid === process.pid ? 'this very process' : `the Mixdesk process ${pid}`
  return new EngineError(
    'home-in-use',
    `The home folder ${path} should be free, but is in use by ${who} (since ${since}): ` +
      'stop that process, or give this one another home folder with MIXDESK_HOME.',
  )
}

async function refuseForeign(path: string): Promise<void> {
  const known = await readFile(join(path, marker), 'utf8').catch(() => undefined)
  if (known !== undefined) {
    const format = formatOf(known)
    if (format === 1) return
    throw new EngineError(
      'foreign-data-directory',
      `The home folder ${path} should have format 1, but ${marker} says ${String(format)}: ` +
        'use the version of Mixdesk that made it, or another folder.',
    )
  }
  const entries = await readdir(path)
  const foreign = entries.find(
    (name) => !name.startsWith('.') && !name.startsWith(lock) && !expected.includes(name),
  )
  if (foreign === undefined) return
  throw new EngineError(
    'foreign-data-directory',
    `The home folder ${path} should be empty or made by Mixdesk, but holds "${foreign}" and no ${marker}: ` +
      'name another folder with MIXDESK_HOME, or move its contents away.',
  )
}

function formatOf(known: string): unknown {
  try {
    return (JSON.parse(known) as { format?: unknown }).format
  } catch {
    return 'nothing readable'
  }
}

export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

export async function refuseFullDisk(path: string, least = leastFreeBytes): Promise<void> {
  const free = await freeBytes(path)
  if (free >= least) return
  const megabytes = (bytes: number): number => Math.floor(bytes / 1024 / 1024)
  throw new EngineError(
    'disk-full',
    `The disk of ${path} has ${megabytes(free)} MB free and at least ${megabytes(least)} MB are needed to start: ` +
      'make room, or name a folder on another disk with MIXDESK_HOME.',
  )
}

/** Puts the file system's refusals into a sentence, wherever in the home they came up; leaves others as they are. */
export function explain(error: unknown, path: string): unknown {
  if (error instanceof EngineError) return error
  const code = systemCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EngineError('disk-full', `The disk of ${path} is full: make room and start again.`, {
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const why = `may not be written by user id ${process.getuid?.() ?? '?'} (${code})`
    return new EngineError(
      'home-not-writable',
      `The home folder ${path} ${why}: change its owner, or name another folder with MIXDESK_HOME.`,
      { cause: error },
    )
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    const message = `The home folder ${path} should be a folder and is, or lies under, a file: name another with MIXDESK_HOME.`
    return new EngineError('foreign-data-directory', message, { cause: error })
  }
  return error
}
