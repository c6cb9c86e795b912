import type { LedgerEnvelope, LedgerEventType } from '@mixdesk/contracts'
import { packDoubles } from '../pack-numbers.js'
import { text, texts } from '../block-text.js'

/** How facts of the ledger become rows of one table: pure, and it never rejects a fact; one it does not read has no rows. */
export type Projection = {
  readonly name: string
  readonly version: number
  readonly table: string
  readonly columns: readonly string[]
  readonly reads: readonly LedgerEventType[]
  rows(event: LedgerEnvelope): readonly Cell[][]
}

/** A value of a row. Numbers that must stay exact come packed. */
export type Cell =
  | string
  | number
  | readonly string[]
  | { readonly packed: readonly number[] }
  | { readonly packedEach: readonly (readonly number[])[] }

export function cellText(cell: Cell): string {
  if (typeof cell === 'string') return text(cell)
  if (typeof cell === 'number') return String(cell)
  if ('packed' in cell) return `"${packDoubles(cell.packed)}"`
  if ('packedEach' in cell) return `[${cell.packedEach.map((numbers) => `"${packDoubles(numbers)}"`).join()}]`
  return texts(cell)
}

export const millisecondsOf = (time: string | undefined): number => {
  const parsed = time === undefined ? NaN : Date.parse(time)
  return Number.isFinite(parsed) ? parsed : 0
}
