/**
 * What became of a message. `closed`: a step closed or something else waits to be folded: ring. `waiting`: taken in,
 * nothing to do yet. `covered`: folded before the snapshot was taken. `ignored`: counted and left. `rejected`: for the
 * dead letters.
 */
export type Ingested =
  | { readonly kind: 'closed' | 'waiting' | 'covered' }
  | { readonly kind: 'ignored' | 'rejected'; readonly because: string }

export const closed: Ingested = { kind: 'closed' }
export const waiting: Ingested = { kind: 'waiting' }
export const covered: Ingested = { kind: 'covered' }
export const rejected = (because: string): Ingested => ({ kind: 'rejected', because })
export const ignored = (because: string): Ingested => ({ kind: 'ignored', because })
