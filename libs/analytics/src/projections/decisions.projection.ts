import { millisecondsOf, type Projection } from './projection.js'

/** What was decided, with its reasons: a row a decision, arrays in the order of the run's domains. */
export const decisions: Projection = {
  name: 'decisions',
  version: 1,
  table: 'mixtures_decided',
  columns: [
    ...[
      'project',
      'run',
      'version',
      'attempt',
      'step',
      'from_step',
      'decision_id',
      'packed_weights',
      'packed_proposed',
      'packed_previous',
      'part_names',
      'packed_parts',
    ],
    ...[
      'meaning',
      'controls',
      'policy',
      'policy_version',
      'config_digest',
      'because',
      'guards',
      'guards_because',
    ],
    ...[
      'evidence_from_step',
      'evidence_to_step',
      'evidence_steps',
      'evidence_observations',
      'evidence_tokens',
      'evidence_digest',
      'state_digest',
      'recorded_ms',
      'position',
    ],
  ],
  reads: ['MixtureDecided'],
  rows(event) {
    if (event.type !== 'MixtureDecided') return []
    const { data } = event
    const { policy, evidence } = data
    const parts = Object.entries(data.because.parts)
    return [
      [
        ...[data.project, data.run, data.version, data.attempt, data.step, data.fromStep, data.decisionId],
        ...[
          { packed: data.weights },
          { packed: data.proposed },
          { packed: data.previous },
          parts.map(([name]) => name),
          { packedEach: parts.map(([, values]) => values) },
        ],
        ...[
          data.meaning,
          data.controls === undefined ? '' : JSON.stringify(data.controls),
          policy.name,
          policy.version,
          policy.configDigest,
          data.because.summary,
        ],
        ...[data.guards.map((bite) => bite.guard), data.guards.map((bite) => bite.because)],
        ...[
          evidence.fromStep,
          evidence.toStep,
          evidence.steps,
          evidence.observations,
          evidence.tokens,
          evidence.digest,
          data.stateDigest,
        ],
        ...[millisecondsOf(event.recordedAt), event.position],
      ],
    ]
  },
}
