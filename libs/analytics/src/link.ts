export type Insert = {
  readonly table: string
  readonly columns: readonly string[]
  readonly settings: { readonly [name: string]: string | number }
  /** JSONCompactEachRow lines. */ readonly body: Buffer
}

/** One connection to an engine. Statements carry their own settings in their text: in chDB any other way would stick. */
export type Link = {
  command(sql: string): Promise<void>
  /** The whole result, in the format asked for. */
  query(sql: string, format: 'RowBinary' | 'JSONCompact' | 'JSONCompactEachRow'): Promise<Buffer>
  insert(insert: Insert): Promise<void>
  close(): Promise<void>
}

/** Separate connections, for a connection serves one statement after another. */
export type Links = {
  readonly writer: Link
  readonly readers: readonly Link[]
  /** Read-only and limited: people's SQL. */ readonly adhoc: Link
}

export const insertHead = ({ table, columns, settings }: Insert): string =>
  `INSERT INTO ${table} (${columns.join(', ')}) SETTINGS ${Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quote(value)}`)
    .join(', ')} FORMAT JSONCompactEachRow`

/** A text as an SQL literal. */
export const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
