import type { EngineKind, EnginePorts, Progress } from './engine.js'
import { EngineError } from './engine-error.js'
import { freePort, isPortFree, loopback } from './ports.js'
import { endProcess, logSince, logSize } from './process/daemon.js'
import { isRunning, type RunningProcess } from './process/process-table.js'
import { waitFor } from './process/wait.js'
import { complaint, type Complaint } from './start-complaint.js'

type Up = { process: RunningProcess; port: number }

/** Long enough for recovery of a large log on a slow disk. */
const startTimeoutMs = 120_000
/** How long one that was left over may take to answer: a busy machine is no reason to stop a broker that is well. */
const attachTimeoutMs = 30_000
/** After a kill -9, locks and shared memory go only when the last child has noticed: keep trying that long. */
const retryForMs = 15_000

export async function bringUp(kind: EngineKind, ports: EnginePorts, progress: Progress): Promise<Up> {
  const began = performance.now()
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`
  const attached = await attach(kind, ports, progress)
  if (attached) {
    progress(`${kind.title}: was still running, attached on ${loopback}:${attached.port} (${seconds()})`)
    return attached
  }
  // Before the preparation, which may take a minute of Maven for nothing.
  if (ports.fixed !== undefined) await choosePort(kind, ports, new Set())
  await kind.prepare()
  const up = await startNew(kind, ports)
  progress(`${kind.title}: ready on ${loopback}:${up.port} (${seconds()})`)
  return up
}

/** An engine outlives a Node.js process that was killed. If it is well, it stays; if not, it goes. */
async function attach(kind: EngineKind, ports: EnginePorts, progress: Progress): Promise<Up | undefined> {
  const orphan = kind.find()
  if (!orphan) return undefined
  const port = await kind.portOf(orphan)
  if (port !== undefined && (ports.fixed === undefined || ports.fixed === port)) {
    const state = await firstSign(kind, orphan, port, attachTimeoutMs)
    if (state === 'answers') return { process: orphan, port }
  }
  progress(`${kind.title}: process ${orphan.pid} was left over and of no use, stopping it`)
  await endProcess(orphan, kind.stopSignal, kind.stopPatienceMs)
  return undefined
}

async function startNew(kind: EngineKind, ports: EnginePorts): Promise<Up> {
  let giveUpAt = Infinity
  const taken = new Set<number>()
  for (;;) {
    const port = await choosePort(kind, ports, taken)
    const outcome = await tryOnce(kind, port)
    if ('process' in outcome) return outcome
    giveUpAt = Math.min(giveUpAt, performance.now() + retryForMs)
    const { about, line } = outcome
    if (about === 'port' && ports.fixed === undefined) taken.add(port)
    const hopeless = about === 'disk' || about === 'timeout' || performance.now() > giveUpAt
    if (hopeless) throw refusal(kind, port, about, line)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

async function choosePort(kind: EngineKind, ports: EnginePorts, taken: ReadonlySet<number>): Promise<number> {
  const { fixed, remembered } = ports
  if (fixed === undefined) {
    return freePort(remembered === undefined ? [kind.defaultPort] : [remembered, kind.defaultPort], taken)
  }
  // A moment of patience: it may be our own engine's port, just being given back.
  if (await waitFor(() => isPortFree(fixed), 2_000)) return fixed
  throw refusal(kind, fixed, 'port', '')
}

async function tryOnce(kind: EngineKind, port: number): Promise<Up | { about: Complaint; line: string }> {
  const offset = await logSize(kind.logFile)
  const process = await kind.spawn(port)
  const sign = process ? await firstSign(kind, process, port, startTimeoutMs) : 'ended'
  if (process && sign === 'answers') return { process, port }
  if (process) await endProcess(process, kind.stopSignal, 2_000)
  const said = complaint(await logSince(kind.logFile, offset))
  return sign === 'silent' ? { ...said, about: 'timeout' } : said
}

/** Waits for an answer or for the end, whichever comes first. */
async function firstSign(
  kind: EngineKind,
  process: RunningProcess,
  port: number,
  timeoutMs: number,
): Promise<'answers' | 'ended' | 'silent'> {
  const sign = await waitFor(async () => {
    if (!isRunning(process)) return 'ended' as const
    return (await kind.answers(port)) && ('answers' as const)
  }, timeoutMs)
  return sign ?? 'silent'
}

function refusal(kind: EngineKind, port: number, about: Complaint, line: string): EngineError {
  const { title, logFile } = kind
  if (about === 'port') {
    const message =
      `${title} should listen on ${loopback}:${port}, but another program holds that port: ` +
      `stop it ("ss -ltnp sport = :${port}" names it), or give another port.`
    return new EngineError('port-in-use', message)
  }
  if (about === 'disk') {
    return new EngineError(
      'disk-full',
      `${title} found its disk full ("${line}"): make room and start again.`,
    )
  }
  const what =
    about === 'timeout'
      ? `did not answer on ${loopback}:${port} in ${startTimeoutMs / 1000} s`
      : 'ended at start'
  return new EngineError('start-failed', `${title} ${what}, its last words being "${line}": see ${logFile}.`)
}
