import { millisecondsOf, type Projection } from './projection.js'

/** Which rank took which mixture into effect, at which step. */
export const applied: Projection = {
  name: 'applied',
  version: 1,
  table: 'mixtures_applied',
  columns: ['project', 'run', 'attempt', 'version', 'rank', 'step', 'recorded_ms', 'position'],
  reads: ['MixtureApplied'],
  rows(event) {
    if (event.type !== 'MixtureApplied') return []
    const { data } = event
    return [
      [
        data.project,
        data.run,
        data.attempt,
        data.version,
        data.rank,
        data.step,
        millisecondsOf(event.recordedAt),
        event.position,
      ],
    ]
  },
}
