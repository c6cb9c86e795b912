import type { HistoryBlock } from './analytics.js'
import {
  deadLetterText,
  evaluationText,
  metricText,
  observationText,
  runEventText,
  type TableText,
} from './block-text.js'
import type { Insert, Link } from './link.js'
import { LineBuffer } from './line-buffer.js'
import { projections } from './projections/index.js'
import { cellText } from './projections/projection.js'

/** Writes a block, a table at a time; a table without rows costs nothing. */
export async function writeBlock(link: Link, block: HistoryBlock): Promise<void> {
  for (const insert of insertsOf(block)) await link.insert(insert)
}

/** Lazy: the text of one table is dropped before the next one's is made. */
export function* insertsOf(block: HistoryBlock): Generator<Insert> {
  const groups = [
    linesOf(observationText, block.observations),
    linesOf(runEventText, block.runEvents),
    linesOf(evaluationText, block.evaluations),
    linesOf(metricText, block.metrics),
    linesOf(deadLetterText, block.deadLetters),
    ...projections.map(({ table, columns, rows }) =>
      linesOf({ table, columns, line: (cells) => cells.map(cellText).join() }, block.ledger.flatMap(rows)),
    ),
  ]
  for (const { table, columns, lines } of groups) {
    const body = lines()
    if (body.length > 0) yield { table, columns, settings: settingsOf(block.token, table, body), body }
  }
}

const nothing = Buffer.alloc(0)
const linesOf = <Row>({ table, columns, line }: TableText<Row>, rows: readonly Row[]) => ({
  table,
  columns,
  lines: (): Buffer => {
    if (rows.length === 0) return nothing
    const body = new LineBuffer()
    for (const row of rows) body.add(`[${line(row)}]\n`)
    return body.bytes()
  },
})

/**
 * The token makes the same block written twice count once at the door; keys do it again for rows that come in
 * another block. The length is part of it, so that a token used twice by mistake cannot swallow other rows.
 * One thread parses: the block is small, and the other core belongs to the rest of the service.
 */
const settingsOf = (token: string, table: string, body: Buffer): Insert['settings'] => ({
  insert_deduplicate: 1,
  insert_deduplication_token: `${token}/${table}/${body.length}`,
  async_insert: 0,
  precise_float_parsing: 1,
  input_format_parallel_parsing: 0,
  input_format_skip_unknown_fields: 0,
  // A block arrives whole or not at all: one part an insert, however many rows.
  max_insert_block_size: 1_048_576,
  min_insert_block_size_rows: 1_048_576,
  min_insert_block_size_bytes: 1_073_741_824,
})
