import type { RunRow } from '@mixdesk/event-store'
import type { RunState } from '@mixdesk/mixture'

/** The run as lists and search show it. */
export const runRowOf = (state: RunState): RunRow => ({
  run: state.run,
  project: state.project,
  status: state.status,
  attempt: state.attempt,
  policy: state.policy.name,
  domains: state.domains.map((domain) => domain.name),
  ranks: state.ranks,
  step: state.learning.step,
  version: state.version,
  frozen: state.frozen !== null,
  problems: state.problems,
  params: state.params,
  tags: state.tags,
  notes: state.notes,
  counts: state.counts,
})
