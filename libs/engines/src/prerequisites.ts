import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { systemCode } from './engine-error.js'
import { freeBytes } from './home/home.js'
import { mavenFix } from './kafka/jars.js'
import { javaFix, javaVersion, leastJava } from './kafka/java.js'
import { runCommand } from './process/run-command.js'

export type Prerequisite = { name: string; ok: boolean; found: string; fix?: string }

const leastPython = { major: 3, minor: 9 }
/** Room for the engines' files of a first start; a history needs more. */
const leastFreeBytes = 2 * 1024 ** 3

/** What a machine needs to run everything, for `mixdesk doctor`. Starts and changes nothing. */
export async function checkPrerequisites(home = '.mixdesk'): Promise<Prerequisite[]> {
  return Promise.all([java(), maven(), python(), unshare(), disk(home)])
}

async function java(): Promise<Prerequisite> {
  const version = await javaVersion()
  const ok = (version?.major ?? 0) >= leastJava
  return verdict(`Java ${leastJava} or newer (for Kafka)`, ok, version?.line, javaFix)
}

async function maven(): Promise<Prerequisite> {
  // Maven wraps its version in colour codes when it thinks that somebody looks.
  const version = /Apache Maven [\d.]+/.exec((await say(['mvn', '-B', '-version'])) ?? '')?.[0]
  return verdict("Maven (fetches Kafka's jars, once)", version !== undefined, version, mavenFix)
}

async function python(): Promise<Prerequisite> {
  const { major, minor } = leastPython
  const line = await say(['python3', '--version'])
  const match = /Python (\d+)\.(\d+)/.exec(line ?? '')
  const [foundMajor, foundMinor] = [Number(match?.[1]), Number(match?.[2])]
  const ok = foundMajor > major || (foundMajor === major && foundMinor >= minor)
  return verdict(
    `Python ${major}.${minor} or newer (for trainers)`,
    ok,
    line,
    'sudo apt-get install python3 python3-venv',
  )
}

async function unshare(): Promise<Prerequisite> {
  const line = await say(['unshare', '--version'])
  const root = process.getuid?.() === 0
  const name = root ? 'unshare (to run PostgreSQL as root)' : 'unshare (only needed as root)'
  return verdict(name, line !== undefined || !root, line, 'sudo apt-get install util-linux')
}

async function disk(home: string): Promise<Prerequisite> {
  let folder = resolve(home)
  while (!existsSync(folder)) folder = dirname(folder)
  const free = await freeBytes(folder)
  const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`
  const name = `${gigabytes(leastFreeBytes)} of free disk`
  return verdict(
    name,
    free >= leastFreeBytes,
    `${gigabytes(free)} free on the disk of ${folder}`,
    'make room, or set MIXDESK_HOME',
  )
}

function verdict(name: string, ok: boolean, found: string | undefined, fix: string): Prerequisite {
  return { name, ok, found: found ?? 'nothing', ...(ok ? {} : { fix }) }
}

async function say(command: string[]): Promise<string | undefined> {
  try {
    return (await runCommand(command, { timeoutMs: 20_000 })).output.trim()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
