import type { HistoryBlock } from '@mixdesk/analytics'

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Row)[] ? Row[] : T[K] }
/** Rows that wait to be written, and the offsets that may be committed once they are. */
export type PendingBlock = Omit<Mutable<HistoryBlock>, 'token'> & {
  /** Per topic and partition: first offset in the block, and first offset after it. */
  readonly ranges: Map<
    string,
    { readonly topic: string; readonly partition: number; readonly first: string; next: string }
  >
}

export const emptyBlock = (): PendingBlock => ({
  observations: [],
  runEvents: [],
  evaluations: [],
  metrics: [],
  ledger: [],
  deadLetters: [],
  ranges: new Map(),
})

export const rowsIn = (block: PendingBlock): number =>
  block.observations.length +
  block.runEvents.length +
  block.evaluations.length +
  block.metrics.length +
  block.ledger.length +
  block.deadLetters.length

/** Names the block by what it covers, so that writing the very same block again counts once. */
export const tokenOf = (block: PendingBlock): string =>
  [...block.ranges.values()]
    .map(({ topic, partition, first, next }) => `${topic}/${partition}:${first}-${next}`)
    .sort()
    .join(',')
