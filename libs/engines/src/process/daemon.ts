import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

import { inspectProcess, isRunning, listProcesses, type RunningProcess } from './process-table.js'
import { waitFor } from './wait.js'

export type DaemonOptions = {
  command: readonly string[]
  logFile: string
  cwd: string
  uid?: number
  gid?: number
}

const largestLogBytes = 10 * 1024 * 1024

/**
 * Starts a process of its own session, so that Ctrl-C in the terminal reaches us and not it. It writes to a file,
 * not to a pipe: a pipe would break when we are killed, and the engine is to outlive that.
 */
export async function spawnDaemon(options: DaemonOptions): Promise<RunningProcess | undefined> {
  const [program = '', ...args] = options.command
  await mkdir(dirname(options.logFile), { recursive: true })
  const size = await stat(options.logFile).then(
    (file) => file.size,
    () => 0,
  )
  if (size > largestLogBytes) await rename(options.logFile, `${options.logFile}.1`)
  const log = await open(options.logFile, 'a', 0o600)
  try {
    const { uid, gid } = options
    const child = spawn(program, args, {
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    await once(child, 'spawn')
    child.unref()
    return child.pid === undefined ? undefined : inspectProcess(child.pid)
  } finally {
    await log.close()
  }
}

/** Asks, then waits, then kills. True when asking was enough. */
export async function endProcess(
  one: RunningProcess,
  signal: NodeJS.Signals,
  patienceMs: number,
): Promise<boolean> {
  send(one, signal)
  if (await waitFor(() => !isRunning(one), patienceMs)) return true
  await killFamily(one)
  return false
}

/** SIGKILL to it and to the children that it leaves behind; those of PostgreSQL have sessions of their own. */
export async function killFamily(one: RunningProcess): Promise<void> {
  const children = listProcesses().filter((other) => other.parent === one.pid)
  send(one, 'SIGKILL')
  const family = [one, ...children]
  const gone = (): boolean => !family.some(isRunning)
  // Orphaned PostgreSQL workers notice and leave by themselves, nearly at once.
  if (await waitFor(gone, 2_000)) return
  for (const child of children) send(child, 'SIGKILL')
  await waitFor(gone, 10_000)
}

function send(one: RunningProcess, signal: NodeJS.Signals): void {
  if (!isRunning(one)) return
  try {
    process.kill(one.pid, signal)
  } catch {
    // it ended between the look and the signal
  }
}

/** What the log file has gained since `offset`. */
export async function logSince(logFile: string, offset: number): Promise<string> {
  const bytes = await readFile(logFile).catch(() => Buffer.alloc(0))
  return bytes.subarray(Math.min(offset, bytes.length)).toString()
}

export async function logSize(logFile: string): Promise<number> {
  return stat(logFile).then(
    (file) => file.size,
    () => 0,
  )
}
