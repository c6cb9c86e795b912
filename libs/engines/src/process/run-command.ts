import { spawn } from 'node:child_process'

export type CommandResult = { ok: boolean; exitCode: number | null; output: string }
export type CommandOptions = { cwd?: string; uid?: number; gid?: number; timeoutMs?: number }

/** Runs a command to its end. Rejects only when it can't be started (ENOENT and the like). */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [program = '', ...args] = command
  const { timeoutMs, ...rest } = options
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...rest,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' }),
    })
    let output = ''
    const collect = (chunk: Buffer): void => void (output += chunk.toString())
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ ok: exitCode === 0, exitCode, output }))
  })
}

/** The last line that says something, for messages. */
export function lastLine(output: string): string {
  return (
    output
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .at(-1) ?? 'nothing was printed'
  )
}
