import { millisecondsOf, type Projection } from './projection.js'

/** Where the policy looked and changed nothing. */
export const holds: Projection = {
  name: 'holds',
  version: 1,
  table: 'mixtures_held',
  columns: [
    'project',
    'run',
    'stream_version',
    'attempt',
    'step',
    'version',
    'because',
    'guards',
    'guards_because',
    'policy',
    'policy_version',
    'recorded_ms',
    'position',
  ],
  reads: ['MixtureHeld'],
  rows(event) {
    if (event.type !== 'MixtureHeld') return []
    const { data } = event
    const guards = [data.guards.map((bite) => bite.guard), data.guards.map((bite) => bite.because)]
    return [
      [
        data.project,
        data.run,
        event.version,
        data.attempt,
        data.step,
        data.version,
        data.because,
        ...guards,
        data.policy.name,
        data.policy.version,
        millisecondsOf(event.recordedAt),
        event.position,
      ],
    ]
  },
}
