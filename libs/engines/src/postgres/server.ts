import { mkdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'

import type { EngineKind } from '../engine.js'
import { loopback } from '../ports.js'
import { spawnDaemon } from '../process/daemon.js'
import { inspectProcess, listProcesses, type RunningProcess } from '../process/process-table.js'
import { postgresBinaries, type PostgresBinaries } from './binaries.js'
import { ensurePassword, passwordFile, postgresUser, prepareCluster } from './cluster.js'
import { queryOnce } from './probe.js'
import { type RunAs, runAs } from './run-as.js'

export const databaseName = 'mixdesk'

export function postgresServer(home: string): EngineKind {
  const folder = join(home, 'postgres')
  const data = join(folder, 'data')
  const logFile = join(folder, 'log', 'postgres.log')
  let ready: { binaries: PostgresBinaries; as: RunAs } | undefined

  const prepare = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await ensurePassword(folder)
    const [binaries, as] = await Promise.all([postgresBinaries(), runAs(home, folder)])
    await prepareCluster(folder, binaries, as)
    ready = { binaries, as }
  }

  return {
    title: 'PostgreSQL',
    defaultPort: 15432,
    stopSignal: 'SIGINT', // "fast": ends sessions, rolls back what is open, writes a checkpoint
    stopPatienceMs: 30_000,
    logFile,
    find: () => listProcesses().find((one) => isPostmaster(one) && one.args.includes(data)),
    portOf: async () => {
      const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
      const port = Number(lines[3])
      return Number.isInteger(port) && port > 0 ? port : undefined
    },
    prepare,
    spawn: async (port) => {
      if (!ready) await prepare()
      if (!ready) return undefined
      await dropMisleadingPid(join(data, 'postmaster.pid'))
      const { prefix, ...identity } = ready.as
      const settings = Object.entries(serverSettings).flatMap(([key, value]) => ['-c', `${key}=${value}`])
      const command = [...prefix, ready.binaries.postgres, '-D', data, '-p', String(port), ...settings]
      return spawnDaemon({ command, logFile, cwd: folder, ...identity })
    },
    answers: async (port) => {
      try {
        await ensureDatabase(await postgresUrl(home, port, 'postgres'))
        return true
      } catch {
        return false
      }
    },
  }
}

const serverSettings: Record<string, string> = {
  listen_addresses: loopback,
  // No socket file: its path may be too long, and the address is TCP anyway.
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  fsync: 'on',
  synchronous_commit: 'on',
  logging_collector: 'off',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] ',
}

export async function postgresUrl(home: string, port: number, database = databaseName): Promise<string> {
  const password = (await readFile(passwordFile(join(home, 'postgres')), 'utf8')).trim()
  return `postgres://${postgresUser}:${password}@${loopback}:${port}/${database}`
}

async function ensureDatabase(url: string): Promise<void> {
  const found = await queryOnce(url, 'select from pg_database where datname = $1', [databaseName])
  if (found.length === 0) await queryOnce(url, `create database ${databaseName}`)
}

const isPostmaster = ({ args }: RunningProcess): boolean => args.some((arg) => basename(arg) === 'postgres')

/**
 * PostgreSQL refuses to start when postmaster.pid names any live process. After a crash, and a reboot above all,
 * that pid may have gone to a stranger. A pid of no process is left alone: PostgreSQL judges that better than we do.
 */
async function dropMisleadingPid(file: string): Promise<void> {
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  const process = Number.isInteger(pid) && pid > 0 ? inspectProcess(pid) : undefined
  if (process && !isPostmaster(process)) await rm(file, { force: true })
}
