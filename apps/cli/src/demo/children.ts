import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Session } from '../local/session.js'

export type Child = {
  /** Resolves with its status when it has ended and everything it wrote has been read; a signal counts as 1. */
  readonly ended: Promise<number>
  /** The last lines it wrote to standard error. */
  readonly complaints: readonly string[]
  /** Asks it and its children to stop. */
  stop(): Promise<void>
  kill(): void
}

const keptLines = 20
const politeMs = 8000

/**
 * A child in a process group of its own: Ctrl-C in the terminal reaches us and not it, so that we decide how it ends; and
 * whatever it starts can be ended with it.
 */
export function startChild(
  command: string,
  args: readonly string[],
  hears: { readonly onLine: (line: string) => void; readonly onComplaint?: (line: string) => void },
): Child {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const complaints: string[] = []
  createInterface(child.stdout).on('line', hears.onLine)
  createInterface(child.stderr).on('line', (line) => {
    complaints.push(line)
    if (complaints.length > keptLines) complaints.shift()
    hears.onComplaint?.(line)
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? 1))
  })
  ended.catch(() => undefined)
  const kill = (): void => signal(child, 'SIGKILL')
  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const timer = setTimeout(kill, politeMs)
    const gone = once(child, 'exit')
    signal(child, 'SIGINT')
    await gone
    clearTimeout(timer)
  }
  // Asked once: a second SIGINT would cut short what the child does about the first.
  return { ended, complaints, kill, stop: () => (stopped ??= stop()) }
}

/** Ends the child as soon as somebody wants everything to end, and at the latest with the session. */
export function endWith({ stopping, shutdown }: Session, what: string, child: Child): void {
  stopping.addEventListener('abort', () => void child.stop(), { once: true })
  shutdown.add(
    what,
    () => child.stop(),
    async () => child.kill(),
  )
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name)
  } catch {
    // The group has ended by itself.
  }
}
