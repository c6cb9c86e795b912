import { manifestProblems, manifestSchema, validate, type AgentManifest } from '@mixdesk/policies'
import { AgentError } from './agent-error.js'

/** A manifest as its file says it, checked. `where` names the file in the sentence of a refusal. */
export function readManifest(text: string, where: string): AgentManifest {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new AgentError('manifestUnsound', `${where} is no JSON: ${(error as Error).message}.`, error)
  }
  const faults = validate(manifestSchema, parsed, where)
  const problems = faults.length > 0 ? faults : manifestProblems(parsed as AgentManifest, where)
  if (problems.length > 0) throw new AgentError('manifestUnsound', problems.join(' '))
  return parsed as AgentManifest
}

/** Where two manifests part, as the name of a member; undefined where they say the same. The golden answer is for loading only. */
export function differenceBetween(one: AgentManifest, other: AgentManifest): keyof AgentManifest | undefined {
  const members = Object.keys(manifestSchema.properties) as (keyof AgentManifest)[]
  return members.find((member) => member !== 'golden' && ordered(one[member]) !== ordered(other[member]))
}

/** JSON with keys in order: two ways to write the same thing are the same. */
const ordered = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
