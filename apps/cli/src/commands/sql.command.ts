import { Command } from 'commander'
import { action } from '../command.js'
import { CliError } from '../cli-error.js'
import type { SqlAnswer } from '../server/api.types.js'
import { whole } from '../terminal/numbers.js'
import { withProgress } from '../terminal/progress.js'

export const sqlCommand = (): Command =>
  new Command('sql')
    .description(
      'ask the history one SELECT (views: runs, losses, mixtures, decisions, holds, applied, evaluations, metrics, …)',
    )
    .argument('<select>', 'the question; - reads it from standard input')
    .option('--max-rows <n>', 'at most this many rows', '1000')
    .action(
      action<{ readonly maxRows: string }>(async ({ terminal, json, options, http }, given) => {
        const maxRows = Number(options.maxRows)
        if (!Number.isInteger(maxRows) || maxRows < 1)
          throw new CliError(
            'usage',
            `--max-rows should be a whole number from 1 on, but is "${options.maxRows}".`,
          )
        const sql = given === '-' ? await readAll(process.stdin) : given
        const answer = (await withProgress('waiting for the history', () =>
          http().ask('/v1/sql', { body: { sql, maxRows } }),
        )) as SqlAnswer
        if (json) return terminal.printJson(answer)
        terminal.table(
          answer.columns.map(({ name, type }) => ({ name, align: isNumber(type) ? 'right' : 'left' })),
          answer.rows.map((row) => row.map(cellOf)),
        )
        const rows = `${whole(answer.rows.length)} ${answer.rows.length === 1 ? 'row' : 'rows'}`
        terminal.note(
          `${rows} in ${whole(Math.round(answer.elapsedMs))} ms${answer.truncated ? '; there are more, --max-rows shows them' : ''}`,
        )
      }),
    )

const isNumber = (type: string): boolean =>
  /^(Nullable\()?(LowCardinality\()?(U?Int|Float|Decimal)/.test(type)

/** Numbers as they are, six significant digits of a fraction; what is nested as JSON. */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
  return typeof value === 'string'
    ? value
    : JSON.stringify(value, (_key, inner: unknown) =>
        typeof inner === 'number' ? Number(inner.toPrecision(6)) : inner,
      )
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
