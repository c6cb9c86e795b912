import type { LedgerEvent } from '@mixdesk/contracts'

/** Facts of a run have been committed. Published once a commit, after it. */
export class LedgerAppended {
  constructor(
    readonly run: string,
    readonly events: readonly LedgerEvent[],
  ) {}
}
