// What the machine and the processes on it say of themselves. Linux only: it reads /proc.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

const ticksASecond = Number(execFileSync('getconf', ['CLK_TCK']).toString())

/** A process's parent, and the seconds that it and its reaped children have had. */
function timesOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may hold anything.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  return {
    parent: fields[1],
    own: (fields[11] + fields[12]) / ticksASecond,
    reaped: (fields[13] + fields[14]) / ticksASecond,
  }
}

/** User and system time of a process with all its threads. */
export const cpuSecondsOf = (pid) => timesOf(pid).own

/** The same of a process and its children, living or reaped: PostgreSQL has one a connection. */
export function cpuSecondsOfFamily(pid) {
  const { own, reaped } = timesOf(pid)
  let seconds = own + reaped
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const child = timesOf(entry)
      if (child.parent === pid) seconds += child.own
    } catch {
      // gone while we looked
    }
  }
  return seconds
}

const bytesIn = (pid, key) =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
export const residentMemoryOf = (pid) => bytesIn(pid, 'VmRSS')
export const peakMemoryOf = (pid) => bytesIn(pid, 'VmHWM')

const firstLine = (command, args) => {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .split('\n')[0]
      .trim()
  } catch {
    return 'unknown'
  }
}
const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../../../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version

export const machine = () => ({
  cores: availableParallelism(),
  model: cpus()[0]?.model ?? 'unknown',
  memoryGb: totalmem() / 2 ** 30,
  system: `${process.platform} ${process.arch}`,
  load: loadavg()[0],
})

export async function versions(stand) {
  const changed = firstLine('git', ['status', '--porcelain', '--', 'apps', 'libs', 'migrations']) !== ''
  const commit = firstLine('git', ['rev-parse', '--short', 'HEAD'])
  const [{ server_version: postgres }] = await stand.query('SHOW server_version')
  const pom = readFileSync(new URL('../../../libs/engines/kafka/pom.xml', import.meta.url), 'utf8')
  return {
    mixdesk: changed ? `${commit} with changes that are not committed` : commit,
    node: process.version.slice(1),
    kafka: /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)</.exec(pom)?.[1] ?? 'unknown',
    kafkajs: versionOf('kafkajs'),
    postgres,
    chdb: versionOf('chdb'),
  }
}
