import { EngineError } from './engine-error.js'
import type { EngineHandle } from './engines.types.js'
import { bringUp } from './engine-start.js'
import { isPortFree } from './ports.js'
import { endProcess, killFamily } from './process/daemon.js'
import { isRunning, type RunningProcess } from './process/process-table.js'
import { waitFor } from './process/wait.js'

/** What differs between the engines. Everything here is about one home folder. */
export type EngineKind = {
  title: 'Kafka' | 'PostgreSQL'
  defaultPort: number
  /** Ends it without losing anything. */
  stopSignal: NodeJS.Signals
  stopPatienceMs: number
  /** Where its complaints are found. */
  logFile: string
  /** The process that runs on our data, whoever started it. */
  find(): RunningProcess | undefined
  /** The port that a found process was told to use. */
  portOf(found: RunningProcess): Promise<number | undefined>
  /** Puts programs and data in place; cheap when they are. */
  prepare(): Promise<void>
  spawn(port: number): Promise<RunningProcess | undefined>
  /** Whether *our* engine answers there: a stranger on the same port does not count. */
  answers(port: number): Promise<boolean>
}

export type EnginePorts = { fixed?: number | undefined; remembered?: number | undefined }
export type Progress = (line: string) => void

export type EmbeddedEngine = EngineHandle & { port: number }

/** Attaches to the engine that runs already, or starts it, and gives the handle to it. */
export async function startEngine(
  kind: EngineKind,
  ports: EnginePorts,
  progress: Progress,
): Promise<EmbeddedEngine> {
  const up = await bringUp(kind, ports, progress)
  let running: RunningProcess | undefined = up.process
  const { port } = up
  let last: Promise<unknown> = Promise.resolve()
  /** One thing at a time, in the order asked, whatever became of the one before. */
  const inTurn = (action: () => Promise<void>): Promise<void> => {
    const mine = last.then(action, action)
    last = mine
    return mine
  }
  const released = async (): Promise<void> => {
    running = undefined
    if (await waitFor(() => isPortFree(port), 10_000)) return
    const message = `${kind.title} has ended, but port ${port} is still in use: look with "ss -ltnp" who holds it.`
    throw new EngineError('stop-failed', message)
  }

  return {
    port,
    pid: () => (running && isRunning(running) ? running.pid : undefined),
    stop: (signal = kind.stopSignal) =>
      inTurn(async () => {
        if (!running) return
        await endProcess(running, signal, kind.stopPatienceMs)
        await released()
      }),
    kill: () =>
      inTurn(async () => {
        if (!running) return
        await killFamily(running)
        await released()
      }),
    start: () =>
      inTurn(async () => {
        if (running && isRunning(running)) return
        running = (await bringUp(kind, { fixed: port }, progress)).process
      }),
  }
}
