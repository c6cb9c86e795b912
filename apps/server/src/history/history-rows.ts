import type { LogPlace, ObservationRow } from '@mixdesk/analytics'
import {
  headerText,
  type LedgerEnvelope,
  type LossesMeasured,
  type RunResumed,
  type RunStarted,
  type TrainerEvent,
} from '@mixdesk/contracts'
import type { IncomingMessage } from '@mixdesk/messaging'
import { lossDomainsFault, stepTooFar } from '@mixdesk/mixture'
import type { PendingBlock } from './history-block.js'
import { versionNotSaid } from './run-messages.js'

/** What the history must know of a run to place its rows. */
export type KnownRun = {
  readonly project: string
  readonly domainCount: number
  /** The attempt that has begun, and how many ranks report in it. */
  attempt: number
  ranks: number
  /** The newest step of that attempt, as its desk counts it; not finite where that is not known, and once the run is over. */
  newest: number
}

export const knownFrom = ({ project, domains, ranks }: RunStarted): KnownRun => ({
  project,
  domainCount: domains.length,
  attempt: 1,
  ranks,
  newest: -1,
})

/** A new attempt, as the run's desk takes it: an earlier one is nothing new, and ranks not told stay as they were. */
export function noteResume(known: KnownRun, resumed: RunResumed): void {
  if (resumed.attempt <= known.attempt) return
  known.attempt = resumed.attempt
  known.ranks = resumed.ranks ?? known.ranks
  known.newest = resumed.step
}

const allDomains = new Map<number, readonly number[]>()
/** 0 … n−1, made once a size. */
function indicesUpTo(count: number): readonly number[] {
  let indices = allDomains.get(count)
  if (indices === undefined) allDomains.set(count, (indices = Array.from({ length: count }, (_, i) => i)))
  return indices
}

/**
 * Adds the rows of a trainer's event. False for losses that the run's desk refuses, whatever the policy: other domains than
 * the run's, a rank it doesn't have, a step out of all reach, or an attempt that has not begun. They are dead letters; kept here they
 * would stand in the way of the same report sent again.
 */
export function addTrainerRows(
  block: PendingBlock,
  known: KnownRun,
  { event, id }: { readonly event: TrainerEvent; readonly id?: string },
  place: LogPlace,
  time: number,
): boolean {
  const { project, domainCount } = known
  if (event.name === 'losses.measured') {
    const { attempt, rank, step } = event.data
    const current = attempt === known.attempt
    if (attempt > known.attempt) return false
    if (current && (rank >= known.ranks || stepTooFar(step, known.newest) !== undefined)) return false
    const row = observationRow(project, domainCount, event.data, place, time)
    if (row === undefined) return false
    if (current) known.newest = Math.max(known.newest, step)
    block.observations.push(row)
    return true
  }
  if (event.name === 'run.resumed') noteResume(known, event.data)
  if (event.name === 'run.finished') known.newest = Infinity
  const { data } = event
  const common = {
    ...place,
    project,
    run: data.run,
    attempt: 'attempt' in data ? data.attempt : 0,
    step: 'step' in data ? data.step : -1,
    time,
  }
  const said = id === undefined ? {} : { id }
  block.runEvents.push({ ...common, name: event.name, data: JSON.stringify(data), ...said })
  if (event.name === 'evaluation.measured') {
    const { domains, loss, scores } = event.data
    block.evaluations.push({
      ...common,
      domains: domains ?? indicesUpTo(loss?.length ?? 0),
      loss: loss ?? [],
      scores: scores ?? {},
    })
  }
  if (event.name === 'metrics.logged')
    block.metrics.push({
      ...common,
      rank: event.data.rank ?? 0,
      names: event.data.names,
      values: event.data.values,
    })
  return true
}

function observationRow(
  project: string,
  domainCount: number,
  losses: LossesMeasured,
  place: LogPlace,
  time: number,
): ObservationRow | undefined {
  const { run, attempt, step, rank, mixtureVersion, domains, tokens, lossSum, sequences, signals } = losses
  if (lossDomainsFault(losses, domainCount) !== undefined) return undefined
  return {
    partition: place.partition,
    offset: place.offset,
    project,
    run,
    attempt,
    step,
    rank,
    mixtureVersion: mixtureVersion ?? versionNotSaid,
    domains: domains ?? indicesUpTo(domainCount),
    tokens,
    lossSum,
    sequences: sequences ?? [],
    signals: signals ?? {},
    time,
  }
}

const text = (bytes: string | Uint8Array | undefined): string =>
  bytes === undefined ? '' : typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')
export function addDeadLetter(block: PendingBlock, message: IncomingMessage): void {
  block.deadLetters.push({
    partition: message.partition,
    offset: message.offset,
    topic: headerText(message.headers, 'mixdesk-topic') ?? '',
    sourcePartition: Number(headerText(message.headers, 'mixdesk-partition') ?? -1),
    sourceOffset: headerText(message.headers, 'mixdesk-offset') ?? '-1',
    key: text(message.key ?? undefined),
    because: headerText(message.headers, 'mixdesk-because') ?? '',
    bytes: message.value?.byteLength ?? 0,
    time: Number(message.timestamp),
  })
}

/** A fact off the ledger topic; undefined when it isn't one, which only a stranger writing there can cause. */
export function ledgerFactOf(message: IncomingMessage): LedgerEnvelope | undefined {
  try {
    const fact = JSON.parse(text(message.value ?? undefined)) as Partial<LedgerEnvelope> | null
    return typeof fact?.type === 'string' && typeof fact.data === 'object'
      ? (fact as LedgerEnvelope)
      : undefined
  } catch {
    return undefined
  }
}
