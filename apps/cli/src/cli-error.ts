/** Ends the command with one sentence for a person, and this exit status. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: 'not-running' | 'problem' | 'usage' | 'failed'

  constructor(code: CliError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What to tell a person of anything thrown; the stack only where debugging was asked for. */
export function sentenceOf(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error)
  if (debug) return error.stack ?? error.message
  return error.message === '' ? error.name : error.message
}
