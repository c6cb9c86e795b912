import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Polls until it is so. A condition, never a nap: the wait ends as soon as it holds. */
export async function until(what: string, condition: () => boolean, timeoutMs = 90_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`)
    await sleep(20)
  }
}

/** Pids of live processes whose command line names the folder. Zombies don't count. */
export function processesOf(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => commandLine(pid).includes(folder)).map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') // empty for a zombie
  } catch {
    return ''
  }
}

export async function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'mixdesk-engines-'))
}

/** Ends whatever still runs on the folder, and removes it. For afterEach: does its work after failures too. */
export async function wipe(folder: string): Promise<void> {
  for (const pid of processesOf(folder)) kill(pid)
  await until('no process uses the folder', () => processesOf(folder).length === 0)
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // has ended by itself
  }
}

/** A stranger on a port, as a real listener. */
export async function occupy(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.destroy())
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}

/** The engines in a Node.js process of their own, to be killed: it prints its pids and lives on. */
export async function startInChild(
  home: string,
): Promise<{ child: ChildProcess; pids: Record<string, number> }> {
  const script = fileURLToPath(new URL('./start-in-child.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, home], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit').then(() => Promise.reject(new Error('the child ended early')))
  exited.catch(() => undefined)
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), exited])) as [string]
  return { child, pids: JSON.parse(line) as Record<string, number> }
}
