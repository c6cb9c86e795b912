import type { FreezeRequested, LedgerEvent, OverrideRequested, ThawRequested } from '@mixdesk/contracts'
import { sum, type AnyPolicy } from '@mixdesk/policies'
import { decide } from './decide-mixture.js'
import type { Effects } from './effects.js'
import { renormalise } from './box.js'
import { count, identityOf, isRepeated, type RunState } from './run-state.js'

export type PersonsRequest =
  | { readonly name: 'freeze.requested'; readonly data: FreezeRequested }
  | { readonly name: 'thaw.requested'; readonly data: ThawRequested }
  | { readonly name: 'override.requested'; readonly data: OverrideRequested }

/** What stands against a request, in sentences; the same answer over HTTP and in the log. */
export function problemsOfRequest(
  state: Pick<RunState, 'status' | 'frozen' | 'domains'>,
  request: PersonsRequest,
): readonly string[] {
  if (state.status !== 'running') return [`The run is ${state.status}; only a running run can be changed.`]
  switch (request.name) {
    case 'freeze.requested':
      return state.frozen === null ? [] : [`The run is frozen already, by ${state.frozen.by}.`]
    case 'thaw.requested':
      return state.frozen === null ? ['The run is not frozen, so there is nothing to thaw.'] : []
    case 'override.requested': {
      const { weights } = request.data
      if (weights.length !== state.domains.length)
        return [
          `The run has ${state.domains.length} domains, ${weights.length} weights came; give one a domain, in their order.`,
        ]
      const total = sum(weights)
      return Math.abs(total - 1) > 1e-6 ? [`The weights add up to ${total}; they must add up to 1.`] : []
    }
  }
}

/** Does as a person asked, or writes down why not. A request seen before is ignored. */
export function foldRequest(
  state: RunState,
  policy: AnyPolicy,
  request: PersonsRequest,
  effects: Effects,
): void {
  const { requestId, by } = request.data
  const because = request.data.because ?? ''
  if (isRepeated(state, 'requests', requestId)) return count(state.counts, 'duplicateRequest')
  const told = { ...identityOf(state), step: state.learning.step, requestId, by }
  const problems = problemsOfRequest(state, request)
  const say = (event: LedgerEvent) => void effects.events.push(event)
  if (problems.length > 0) return say({ type: 'RequestRefused', data: { ...told, problems: [...problems] } })

  switch (request.name) {
    case 'freeze.requested':
      state.frozen = { by, because }
      return say({ type: 'MixtureFrozen', data: { ...told, because } })
    case 'thaw.requested':
      state.frozen = null
      state.lastHold = null
      return say({ type: 'MixtureThawed', data: { ...told, because } })
    case 'override.requested': {
      const weights = renormalise(request.data.weights)
      const previous = state.learning.weights
      say({
        type: 'MixtureOverridden',
        data: { ...told, because, version: state.version + 1, weights: [...weights] },
      })
      const reasons = {
        summary: `Set by ${by}${because === '' ? '.' : `: ${because}`}`,
        parts: { override: weights.map((weight, i) => weight - previous[i]!) },
      }
      decide(state, policy, { weights, proposed: weights, reasons, bites: [] }, effects)
    }
  }
}
