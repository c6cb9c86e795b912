import { EventStoreError } from './event-store-error.js'

/** Where a page of runs ended: newest start first, names breaking ties. */
export type PlaceInRuns = { readonly startedAt: string; readonly run: string }

export function pageTokenOf(place: PlaceInRuns): string {
  return Buffer.from(JSON.stringify([place.startedAt, place.run])).toString('base64url')
}

/** Tokens come back from outside, so they are checked like anything else from there. */
export function placeOf(token: string): PlaceInRuns {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (Array.isArray(parsed) && parsed.length === 2) {
      const [startedAt, run] = parsed as unknown[]
      const isTime = typeof startedAt === 'string' && !Number.isNaN(Date.parse(startedAt))
      if (isTime && typeof run === 'string') return { startedAt: new Date(startedAt).toISOString(), run }
    }
  } catch {
    // not even JSON: the sentence below says enough
  }
  throw new EventStoreError('invalid', 'This is not a page token: pass `next` of the last page as it was.')
}
