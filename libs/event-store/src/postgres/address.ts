import { EventStoreError } from '../event-store-error.js'

/** Checked before any driver sees it: their errors on a malformed address carry it whole, password included. */
export function checkAddress(url: string): void {
  if (!/^postgres(ql)?:\/\/./.test(url) || !URL.canParse(url))
    throw new EventStoreError(
      'invalid',
      'The address of PostgreSQL must look like postgres://user:password@host:5432/database.',
    )
}
