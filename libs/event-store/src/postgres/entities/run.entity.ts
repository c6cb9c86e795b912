import { Column, Entity, PrimaryColumn } from 'typeorm'
import type { RunRow, StoredRunRow } from '../../event-store.js'
import { wholeNumber } from './whole-number.js'

@Entity({ name: 'runs' })
export class RunEntity {
  @PrimaryColumn({ type: 'text' }) run!: string
  @Column({ type: 'text' }) project!: string
  @Column({ type: 'text' }) status!: RunRow['status']
  @Column({ type: 'integer' }) attempt!: number
  @Column({ type: 'text' }) policy!: string
  @Column({ type: 'json' }) domains!: readonly string[]
  @Column({ type: 'integer' }) ranks!: number
  @Column({ type: 'bigint', transformer: wholeNumber }) step!: number
  @Column({ type: 'bigint', transformer: wholeNumber }) version!: number
  @Column({ type: 'boolean' }) frozen!: boolean
  @Column({ type: 'json' }) problems!: readonly string[]
  @Column({ type: 'json' }) params!: { readonly [key: string]: unknown }
  @Column({ type: 'json' }) tags!: readonly string[]
  @Column({ type: 'text' }) notes!: string
  @Column({ type: 'json' }) counts!: { readonly [reason: string]: number }
  @Column({ name: 'search_text', type: 'text', select: false }) searchText!: string
  @Column({ name: 'started_at', type: 'timestamptz', precision: 3 }) startedAt!: Date
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 }) updatedAt!: Date
}

/** A stored run has every column but the text that search looks in. */
export function storedRunOf({ searchText, startedAt, updatedAt, ...row }: RunEntity): StoredRunRow {
  return { ...row, startedAt: startedAt.toISOString(), updatedAt: updatedAt.toISOString() }
}
