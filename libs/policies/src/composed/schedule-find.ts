import type { AnyPolicy, Json, PolicyStart } from '../policy.js'
import type { Phase } from './schedule-config.js'
import { startAmong } from './schedule-part.js'
import { UnknownPolicy } from '../unknown-policy.error.js'

/** How a schedule finds the policies of its phases; the registry holds both. */
export type Find = (name: string) => AnyPolicy | undefined

/** What of a phase says which policy it has, and what that one and the end of the phase need to know. */
export type Need = Pick<Phase, 'policy' | 'config' | 'until'>

export function required(find: Find, phase: Need): AnyPolicy {
  const policy = find(phase.policy)
  if (policy === undefined) throw new UnknownPolicy(phase.policy)
  return policy
}

export function configOf(find: Find, phase: Need): Json {
  return { ...(required(find, phase).defaults as Record<string, Json>), ...phase.config }
}

export function begin(
  find: Find,
  phase: Phase,
  start: PolicyStart,
  positions: readonly number[] | null | undefined,
): Json {
  const own = positions ? startAmong(positions, start) : start
  return required(find, phase).initialState(configOf(find, phase), own) as Json
}
