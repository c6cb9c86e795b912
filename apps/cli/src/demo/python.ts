import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CliError } from '../cli-error.js'
import type { Session } from '../local/session.js'
import { endWith, startChild, type Child } from './children.js'
import type { PlannedRun } from './plan.js'
import { parseProgressLine, type ProgressLine } from './progress-line.js'

const trainer = (path: string): string => fileURLToPath(new URL(`../../../trainer/${path}`, import.meta.url))

/** Makes the trainer's Python environment, or finds it made, and gives the path of its Python. */
export async function preparePython(session: Session, progress: (line: string) => void): Promise<string> {
  const script = trainer('scripts/bootstrap.py')
  if (!existsSync(script))
    throw new CliError(
      'failed',
      `The demo needs the Python trainer, but there is no ${script}: run it from a checkout of the repository.`,
    )
  let python = ''
  const child = startChild('python3', [script, '--extra', 'examples'], {
    onLine: (line) => (python = line.trim() || python),
    onComplaint: (line) => progress(line.replace(/^trainer: /, 'Python: ')),
  })
  endWith(session, 'The installation of the Python environment', child)
  const status = await child.ended.catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new CliError(
          'failed',
          'The demo needs Python 3.9 or newer and there is no "python3" on the path: install it with "sudo apt-get install python3 python3-venv".',
        )
      : error
  })
  session.check()
  if (status !== 0)
    throw new CliError(
      'failed',
      `The Python environment of the demo could not be made: ${child.complaints.at(-1)?.replace(/^trainer: /, '') ?? `bootstrap.py ended with status ${status}`}`,
    )
  return python
}

export type Training = {
  readonly python: string
  readonly brokers: string
  readonly run: PlannedRun
  readonly steps: number
  /** File of the reference model: written by one run, read by another. */
  readonly reference: string
  readonly onProgress: (line: ProgressLine) => void
}

/** Starts a training process. */
export function startTraining({ python, brokers, run, steps, reference, onProgress }: Training): Child {
  const args = [
    trainer('examples/numpy_lm.py'),
    '--run',
    run.id,
    '--project',
    'demo',
    '--policy',
    run.policy,
    '--steps',
    String(steps),
    '--brokers',
    brokers,
    '--progress-json',
  ]
  if (run.savesReference) args.push('--save', reference)
  if (run.needsReference) args.push('--reference', reference)
  return startChild(python, args, {
    onLine: (text) => {
      const line = parseProgressLine(text)
      if (line !== undefined) onProgress(line)
    },
  })
}

/** Resolves when the training has ended well; otherwise throws what it said last. */
export async function endOfTraining(child: Child, { id }: PlannedRun): Promise<void> {
  const status = await child.ended
  if (status === 0) return
  const said = child.complaints.slice(-8).map((line) => `  ${line}`)
  throw new CliError(
    'failed',
    [
      `The trainer of ${id} ended with status ${status}${said.length > 0 ? '; its last words were:' : ' and without a word.'}`,
      ...said,
    ].join('\n'),
  )
}
