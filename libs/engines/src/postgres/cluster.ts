import { randomBytes } from 'node:crypto'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { EngineError, systemCode } from '../engine-error.js'
import { writeAtomically } from '../home/write-atomically.js'
import { lastLine, runCommand } from '../process/run-command.js'
import type { PostgresBinaries } from './binaries.js'
import type { RunAs } from './run-as.js'

export const postgresMajor = '18'
export const postgresUser = 'mixdesk'

export const passwordFile = (folder: string): string => join(folder, 'password')

/** Made up once, kept beside the data, readable by the owner only. */
export async function ensurePassword(folder: string): Promise<void> {
  const known = await readFile(passwordFile(folder), 'utf8').catch(() => '')
  if (known.trim() === '')
    await writeAtomically(passwordFile(folder), randomBytes(24).toString('base64url') + '\n')
}

/** Makes the data directory with initdb unless it is there; refuses one of another major version. */
export async function prepareCluster(folder: string, binaries: PostgresBinaries, as: RunAs): Promise<void> {
  const data = join(folder, 'data')
  const entries = await readdir(data).catch(() => [])
  if (entries.length > 0) return refuseForeign(data)

  // Made aside and renamed, so that a crash leaves nothing that looks finished and isn't.
  const partial = join(folder, 'data.partial')
  await rm(partial, { recursive: true, force: true })
  const { prefix, ...identity } = as
  const access = ['-U', postgresUser, '--auth=scram-sha-256', `--pwfile=${passwordFile(folder)}`]
  const layout = ['--encoding=UTF8', '--locale=C', '--no-instructions']
  const command = [...prefix, binaries.initdb, '-D', partial, ...access, ...layout]
  const result = await runCommand(command, { ...identity, cwd: folder, timeoutMs: 120_000 }).catch(
    (cause: unknown) => {
      // The file is there; what is missing is the loader that it names.
      const why = systemCode(cause) === 'ENOENT' ? "this system's C library is not glibc" : String(cause)
      const message = `PostgreSQL's binaries don't run here, since ${why}: set MIXDESK_POSTGRES_URL to use a PostgreSQL that runs elsewhere.`
      throw new EngineError('platform-unsupported', message, { cause })
    },
  )
  if (!result.ok) throw initdbFailed(data, result.output)
  await rm(data, { recursive: true, force: true })
  await rename(partial, data)
}

function initdbFailed(data: string, output: string): EngineError {
  const reason = /(?:error|FATAL|PANIC): .*/.exec(output)?.[0] ?? lastLine(output)
  const full = /No space left|quota exceeded/i.test(output)
  const advice = full ? 'make room and start again.' : `see that ${dirname(data)} is a folder it can use.`
  const message = `PostgreSQL's data directory ${data} could not be made, initdb saying "${reason.trim()}": ${advice}`
  return new EngineError(full ? 'disk-full' : 'start-failed', message)
}

async function refuseForeign(data: string): Promise<void> {
  const version = (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')).trim()
  if (version === postgresMajor) return
  const found = version === '' ? 'holds files and no PG_VERSION' : `was made by version ${version}`
  throw new EngineError(
    'foreign-data-directory',
    `PostgreSQL's data directory ${data} should be of version ${postgresMajor}, but ${found}: ` +
      'move it away (after a pg_dump by the version that made it), or name another home folder with MIXDESK_HOME.',
  )
}
