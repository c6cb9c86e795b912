import type { Analytics, LogEntry, ObservationRow } from '@mixdesk/analytics'
import type { TrainerEvent } from '@mixdesk/contracts'
import type { RunMessage } from '@mixdesk/mixture'

/** What stands for "the trainer did not say" in the history's column of mixture versions. */
export const versionNotSaid = -1

/** A run's log, read back from the history as the messages it was written from, in log order. */
export async function* runMessages(analytics: Analytics, run: string): AsyncGenerator<readonly RunMessage[]> {
  for await (const page of analytics.readLog(run)) yield page.map(messageOf)
}

export function messageOf(entry: LogEntry): RunMessage {
  const { row } = entry
  const time = new Date(row.time).toISOString()
  if (entry.kind === 'event')
    return {
      ...({ name: entry.row.name, data: JSON.parse(entry.row.data) as unknown } as TrainerEvent),
      offset: Number(row.offset),
      time,
      ...(entry.row.id === undefined ? {} : { id: entry.row.id }),
    }
  return { name: 'losses.measured', data: lossesOf(entry.row), offset: Number(row.offset), time }
}

function lossesOf(row: ObservationRow): Extract<TrainerEvent, { name: 'losses.measured' }>['data'] {
  const { run, attempt, step, rank, mixtureVersion, domains, tokens, lossSum, sequences, signals } = row
  return {
    run,
    attempt,
    step,
    rank,
    ...(mixtureVersion === versionNotSaid ? {} : { mixtureVersion }),
    domains: domains as number[],
    tokens: tokens as number[],
    lossSum: lossSum as (number | null)[],
    ...(sequences.length === 0 ? {} : { sequences: sequences as number[] }),
    ...(Object.keys(signals).length === 0 ? {} : { signals: signals as Record<string, (number | null)[]> }),
  }
}
