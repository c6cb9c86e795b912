import type { LedgerData } from '@mixdesk/contracts'
import type { MergedStep } from './merge-step.js'

type Decided = LedgerData<'MixtureDecided'>

/**
 * Looks up under which recorded mixture a step was sampled. Where no rank said, it was the newest one by then, as the desk
 * takes it. `recorded` has every decision of the run in order, so that version v is at v − 1.
 */
export function recordedMixtures(
  start: readonly number[],
  recorded: readonly Decided[],
): (step: MergedStep, attempt: number) => readonly number[] {
  let newest = 0
  const isDecidedBefore = (one: Decided | undefined, step: number, attempt: number) =>
    one !== undefined && (one.attempt < attempt || (one.attempt === attempt && one.step < step))
  return ({ step, mixtureVersion }, attempt) => {
    while (isDecidedBefore(recorded[newest], step, attempt)) newest++
    const version = Math.min(mixtureVersion ?? newest, newest)
    return recorded[version - 1]?.weights ?? start
  }
}
