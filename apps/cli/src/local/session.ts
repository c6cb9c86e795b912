import { CliError, sentenceOf } from '../cli-error.js'
import { environment } from '../environment.js'
import { Shutdown } from './shutdown.js'
import { onStopSignals } from './stop-signals.js'

/** The person asked to stop while something was being started. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

export type Session = {
  readonly shutdown: Shutdown
  /** Aborted once somebody wants everything to end. */
  readonly stopping: AbortSignal
  /** Throws Interrupted when it is. */
  check(): void
}

/**
 * Runs what starts things on this machine, and leaves nothing of it behind: neither after its end, nor a failure, nor a
 * signal. The second Ctrl-C does not wait for what is in hand, but still ends the engines. Ends the process.
 */
export async function runSession(
  say: (line: string) => void,
  work: (session: Session) => Promise<void>,
): Promise<never> {
  const debug = environment['MIXDESK_LOG_LEVEL'] === 'debug'
  const stopping = new AbortController()
  const shutdown = new Shutdown(say)
  let status = 0
  let failed = false
  const fail = (error: unknown): void => {
    // Whatever fails once somebody has asked to stop, fails because of that: a trainer's status, a request cut short.
    if (error instanceof Interrupted || stopping.signal.aborted) return
    if (!failed) process.stderr.write(`${sentenceOf(error, debug || !isExpected(error))}\n`)
    failed = true
    status = 1
  }
  let aborting = false
  onStopSignals(
    () => {
      say('Stopping; Ctrl-C again to stop at once.')
      stopping.abort()
    },
    () => {
      if (aborting) die()
      aborting = true
      void shutdown.abort().finally(die)
    },
  )
  const surprise = (error: unknown): void => {
    fail(error)
    stopping.abort()
  }
  process.on('uncaughtException', surprise)
  process.on('unhandledRejection', surprise)
  try {
    const check = (): void => {
      if (stopping.signal.aborted) throw new Interrupted('stopped')
    }
    await work({ shutdown, stopping: stopping.signal, check })
  } catch (error) {
    fail(error)
  }
  await shutdown.run()
  process.exit(status)
}

/**
 * Ends like any program that Ctrl-C ends, which a shell calls status 130. Not by `process.exit`: that tears chDB down while
 * its threads work, and crashes.
 */
function die(): void {
  process.removeAllListeners('SIGINT')
  process.kill(process.pid, 'SIGINT')
}

/** Errors that were written for people carry a stable code of ours; anything else is a bug, and its stack is wanted. */
function isExpected(error: unknown): boolean {
  return (
    error instanceof CliError ||
    (error instanceof Error && ['EngineError', 'ConfigError'].includes(error.name)) ||
    typeof (error as { code?: unknown }).code === 'string'
  )
}

/** Resolves when the signal comes. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
