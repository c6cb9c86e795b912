import type { TrainerEvent } from '@mixdesk/contracts'

/** A trainer's (or a person's) event with its place in the log. */
export type RunMessage = TrainerEvent & {
  /** Offset in the run's partition. */
  readonly offset: number
  /** When it happened, as the sender says; told on, never used to decide. */
  readonly time?: string
  /** CloudEvents id; asked for where an attempt is opened, and needed nowhere else. */
  readonly id?: string
}
