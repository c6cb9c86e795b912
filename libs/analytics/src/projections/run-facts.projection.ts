import type { LedgerEnvelope } from '@mixdesk/contracts'
import { millisecondsOf, type Cell, type Projection } from './projection.js'

/** What a fact says of its run; a member it is silent about is left out. */
type Said = {
  readonly step?: number
  readonly status?: string
  readonly because?: string
  readonly domains?: readonly string[]
  readonly weights?: readonly number[]
  readonly policy?: string
  readonly policyVersion?: number
  readonly ranks?: number
  readonly cadence?: number
  readonly params?: string
  readonly tags?: readonly string[]
  readonly notes?: string
  readonly parent?: string
}

/** Starts, resumes, ends and annotations: the view `runs` folds them, so they may arrive in any order. */
export const runFacts: Projection = {
  name: 'run-facts',
  version: 1,
  table: 'run_facts',
  columns: [
    ...[
      'project',
      'run',
      'stream_version',
      'fact',
      'attempt',
      'step',
      'status',
      'because',
      'domains',
      'packed_weights',
      'policy',
      'policy_version',
    ],
    ...['ranks', 'cadence', 'params', 'tags', 'notes', 'parent', 'occurred_ms', 'position'],
  ],
  reads: ['RunStarted', 'RunRefused', 'RunResumed', 'RunFinished', 'RunAnnotated'],
  rows(event) {
    const said = whatItSays(event)
    if (said === undefined) return []
    const { project, run, attempt } = event.data
    const cells: Cell[] = [
      ...[
        project,
        run,
        event.version,
        event.type,
        attempt,
        said.step ?? -1,
        said.status ?? '',
        said.because ?? '',
        said.domains ?? [],
        { packed: said.weights ?? [] },
      ],
      ...[
        said.policy ?? '',
        said.policyVersion ?? 0,
        said.ranks ?? 0,
        said.cadence ?? 0,
        said.params ?? '',
        said.tags ?? [],
        said.notes ?? '',
        said.parent ?? '',
      ],
      ...[millisecondsOf(event.occurredAt ?? event.recordedAt), event.position],
    ]
    return [cells]
  },
}

function whatItSays(event: LedgerEnvelope): Said | undefined {
  switch (event.type) {
    case 'RunStarted': {
      const { domains, weights, policy, ranks, cadence, params, tags, notes, parent } = event.data
      return {
        ...{
          status: 'running',
          domains: domains.map(({ name }) => name),
          weights,
          policy: policy.name,
          policyVersion: policy.version,
        },
        ...{
          ranks,
          cadence,
          params: JSON.stringify(params),
          tags,
          notes,
          ...(parent === undefined ? {} : { parent }),
        },
      }
    }
    case 'RunRefused': {
      const { domains, policy, ranks, problems } = event.data
      return {
        status: 'refused',
        because: problems.join(' '),
        domains: domains.map(({ name }) => name),
        policy: policy.name,
        ranks,
      }
    }
    case 'RunResumed':
      return { status: 'running', step: event.data.fromStep, ranks: event.data.ranks }
    case 'RunFinished':
      return { status: event.data.status, step: event.data.step, because: event.data.because ?? '' }
    case 'RunAnnotated':
      return { params: JSON.stringify(event.data.params), tags: event.data.tags, notes: event.data.notes }
    default:
      return undefined
  }
}
