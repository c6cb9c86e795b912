import { createColors } from 'picocolors'
import type { Environment } from '../environment.js'
import { table, type Column } from './table.js'

export type Colors = ReturnType<typeof createColors>

/** Where the command speaks: results on stdout, what goes on in between on stderr. */
export type Terminal = {
  readonly colors: Colors
  /** Columns of stdout; without limit where it is not a terminal, so that nothing is cut in a pipe. */
  readonly width: number
  /** Somebody watches stdout, so it may be redrawn. */
  readonly live: boolean
  print(text?: string): void
  printJson(value: unknown): void
  /** One JSON value a line. */
  printLine(value: unknown): void
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void
  note(text: string): void
}

/** What of a stream is needed. In a pipe `isTTY` is undefined, whatever Node's own type says. */
type Output = {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export function createTerminal(
  environment: Environment,
  stdout: Output,
  stderr: Pick<Output, 'write'>,
): Terminal {
  const watched = stdout.isTTY === true
  const live = watched && environment['TERM'] !== 'dumb'
  const coloured = live && (environment['NO_COLOR'] ?? '') === ''
  // Never undefined: picocolors would take that for "look yourself", and colours wherever CI is set.
  const colors = createColors(coloured)
  const asked = Number(environment['COLUMNS'])
  const write = (text: string): void => void stdout.write(`${text}\n`)
  const terminal: Terminal = {
    colors,
    get width() {
      return watched ? stdout.columns || 80 : asked > 0 ? asked : Number.POSITIVE_INFINITY
    },
    live,
    print: (text = '') => write(text),
    printJson: (value) => write(JSON.stringify(value, undefined, 2)),
    printLine: (value) => write(JSON.stringify(value)),
    table: (columns, rows) =>
      write(table(columns, rows, { width: terminal.width, head: colors.bold, rule: colors.dim })),
    note: (text) => void stderr.write(`${text}\n`),
  }
  return terminal
}
