import type { RunRow } from '@mixdesk/event-store'

/** What of a run's counts somebody should look at, in sentences; empty when all is well. */
export function warningsOf({ counts }: Pick<RunRow, 'counts'>): readonly string[] {
  const { refusedStart = 0, refusedResume = 0, refusedFinish = 0 } = counts
  const warnings: string[] = []
  if (refusedStart > 0)
    warnings.push(
      `${times(refusedStart)} somebody else than who began it started this run again; ${nothingCame} Two trainers with one run id? ${toldHow}`,
    )
  if (refusedResume > 0)
    warnings.push(
      `${times(refusedResume)} somebody else than who opened it resumed an attempt that had begun; ${nothingCame} Resumed twice from one checkpoint? ${toldHow}`,
    )
  if (refusedFinish > 0)
    warnings.push(
      `${times(refusedFinish)} somebody else than who opened the attempt told of its end; the run goes on.`,
    )
  return warnings
}

const times = (count: number) => (count === 1 ? 'Once' : `${count} times`)
const nothingCame = 'nothing of the run was changed.'
const toldHow =
  'The other one can tell by `openedBy` in its commands, which is not the id of its own event. What it reports counts only where it is first.'
