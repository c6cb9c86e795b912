import type { RunRow } from './event-store.js'

/** What a search looks at. Lower-cased here, not by the database, so that every adapter finds the same. */
export function searchTextOf(row: RunRow): string {
  return searchable([row.run, row.project, ...row.tags, row.notes].join('\n'))
}

export function searchable(text: string): string {
  return storable(text).toLowerCase()
}

/** PostgreSQL's text holds everything but U+0000, and a trainer's note must not be able to fail a commit. */
export function storable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
}
