import Table from 'cli-table3'
import { cut, displayWidth, harmless, padEnd } from './text.js'

export type Column = {
  readonly name: string
  readonly align?: 'left' | 'right'
  /** Columns it is not to be cut below, where that can be helped. */
  readonly least?: number
  /** Turns a cell that is already cut into what is shown, with colour; must not change its width. */
  readonly paint?: (text: string) => string
}
export type TableStyle = {
  readonly width: number
  readonly head?: (text: string) => string
  readonly rule?: (text: string) => string
}

const gap = 2
const smallest = 4

/** A table in at most `width` columns: the widest columns give way first; one record below the other where not even that fits. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const cells = rows.map((row) => row.map(harmless))
  const natural = columns.map((column, i) =>
    Math.max(displayWidth(column.name), ...cells.map((row) => displayWidth(row[i] ?? ''))),
  )
  const least = columns.map((column, i) => Math.min(natural[i]!, column.least ?? smallest))
  const widths = fit(natural, least, style.width - gap * (columns.length - 1))
  if (widths === undefined) return records(columns, cells, style)

  const head = style.head ?? ((text: string) => text)
  const drawn = new Table({
    head: columns.map((column, i) => head(cut(column.name, widths[i]!))),
    colWidths: widths,
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: { ...nothing, middle: ' '.repeat(gap) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of cells)
    drawn.push(columns.map(({ paint = same }, i) => paint(cut(row[i] ?? '', widths[i]!))))
  const [first = '', ...rest] = drawn.toString().split('\n')
  const rule = (style.rule ?? same)(
    '─'.repeat(widths.reduce((sum, width) => sum + width, gap * (columns.length - 1))),
  )
  return [first, rule, ...rest].map((line) => line.trimEnd()).join('\n')
}

const same = (text: string): string => text
const nothing = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
)

/** Widths that fit into `room`, or undefined when the least ones don't. */
export function fit(
  natural: readonly number[],
  least: readonly number[],
  room: number,
): number[] | undefined {
  const widths = [...natural]
  for (let over = total(widths) - room; over > 0; over--) {
    let widest = -1
    for (const [i, width] of widths.entries())
      if (width > least[i]! && (widest < 0 || width > widths[widest]!)) widest = i
    if (widest < 0) return undefined
    widths[widest] = widths[widest]! - 1
  }
  return widths
}
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

function records(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const names = Math.min(
    Math.max(...columns.map((column) => displayWidth(column.name))),
    Math.max(smallest, Math.floor(style.width / 3)),
  )
  const head = style.head ?? same
  const rule = (style.rule ?? same)('─'.repeat(Math.min(style.width, names + gap + 20)))
  return rows
    .map((row) => {
      const lines = columns.map(
        ({ name, paint = same }, i) =>
          head(padEnd(cut(name, names), names)) +
          ' '.repeat(gap) +
          paint(cut(row[i] ?? '', Math.max(1, style.width - names - gap))),
      )
      return [rule, ...lines].join('\n')
    })
    .join('\n')
}
