import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that runs. `born` tells it from a later one that was given the same pid. */
export type RunningProcess = { pid: number; parent: number; born: string; args: string[] }

// Everything here is synchronous: /proc is memory, and `EngineHandle.pid()` has to answer at once.
const linux = process.platform === 'linux'
let bootId: string | undefined

/** A zombie counts as gone: it holds no port and no file, and in a container nobody may ever reap it. */
export function inspectProcess(pid: number): RunningProcess | undefined {
  return linux ? fromProc(pid) : fromPs(['-p', String(pid)])[0]
}

export function listProcesses(): RunningProcess[] {
  if (!linux) return fromPs(['-ax'])
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.map(fromProc).filter((entry) => entry !== undefined)
}

export function isRunning(one: { pid: number; born: string }): boolean {
  return inspectProcess(one.pid)?.born === one.born
}

function fromProc(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const cmdline = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    // The second field is the command in brackets and may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, parent, startTicks] = [fields[0], fields[1], fields[19]]
    if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined
    // Ticks count from boot, so they mean nothing after a reboot without the boot's own id.
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return {
      pid,
      parent: Number(parent),
      born: `${bootId}:${startTicks}`,
      args: cmdline.split('\0').slice(0, -1),
    }
  } catch {
    return undefined // gone while we looked
  }
}

/** Where there is no /proc. Arguments come apart at spaces here: a home with a space in its path isn't recognised. */
function fromPs(selection: string[]): RunningProcess[] {
  const entries: RunningProcess[] = []
  for (const line of psLines([...selection, '-o', 'pid=,ppid=,stat=,lstart=,command='])) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+\S+\s+\d+)\s+(.*)$/.exec(line)
    if (!match || match[3]?.startsWith('Z')) continue
    const [, pid, parent, , born = '', command = ''] = match
    entries.push({ pid: Number(pid), parent: Number(parent), born, args: command.split(' ') })
  }
  return entries
}

function psLines(args: string[]): string[] {
  try {
    return execFileSync('ps', args, { encoding: 'utf8' }).split('\n')
  } catch {
    return [] // ps ends with 1 when nothing matches
  }
}
