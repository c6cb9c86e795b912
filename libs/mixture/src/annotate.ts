import { canonicalJson, type RunAnnotated } from '@mixdesk/contracts'
import type { Noted } from './acknowledgements.js'
import { count, identityOf, type RunState } from './run-state.js'

/** Params are for finding a run; they are part of every snapshot. Measurements belong in metrics.logged. */
const mostParamsCharacters = 262_144

/** Merges what people want to find the run by. An annotation that changes nothing, such as a repeated one, is ignored. */
export function annotate(state: RunState, annotated: RunAnnotated): Noted {
  const params = { ...state.params, ...annotated.params }
  const tags = annotated.tags ?? state.tags
  const notes = annotated.notes ?? state.notes
  const text = canonicalJson(params)
  if (text.length > mostParamsCharacters)
    return {
      because: `run.annotated: the run's params would have ${text.length} characters of JSON, at most ${mostParamsCharacters} are kept; send numbers that change with the run as metrics.logged.`,
    }
  if (
    notes === state.notes &&
    canonicalJson(tags) === canonicalJson(state.tags) &&
    text === canonicalJson(state.params)
  ) {
    count(state.counts, 'duplicateAnnotation')
    return {}
  }
  Object.assign(state, { params, tags, notes })
  return {
    event: {
      type: 'RunAnnotated',
      data: { ...identityOf(state), params: { ...params }, tags: [...tags], notes },
    },
  }
}
