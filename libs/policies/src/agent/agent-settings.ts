import { manifestProblems, manifestSchema, type AgentManifest } from './agent-manifest.js'
import type { ConfigSchema, PolicyStart } from '../policy.js'
import { shareProblems } from '../composed/position.js'

export type AgentConfig = {
  readonly manifest: AgentManifest | null
  readonly floor: number
  readonly largestTotalVariation: number | null
  readonly interval: 'evaluations' | 'tokens'
}

export const agentSchema: ConfigSchema = {
  type: 'object',
  properties: {
    manifest: {
      ...manifestSchema,
      description:
        'The manifest of the agent, as it lies beside its model. Required: an agent knows its own domains and evaluations only.',
      type: ['object', 'null'],
    },
    floor: {
      description: 'Least weight of a domain, by mixing with the uniform mixture; at most 1/K.',
      type: 'number',
      minimum: 0,
      maximum: 1,
    },
    largestTotalVariation: {
      description:
        'Farthest that one decision goes from the mixture in force, ½ Σ|change|; 0.2 tames an agent that nobody has watched yet. null: no limit.',
      type: ['number', 'null'],
      exclusiveMinimum: 0,
    },
    interval: {
      description:
        'evaluations: every complete evaluation is an entry of the history. tokens: only one that comes at least the manifest’s `intervalTokens` after the last entry.',
      enum: ['evaluations', 'tokens'],
    },
  },
  additionalProperties: false,
}

/** What is wrong with a configuration for a run, in sentences. */
export function agentProblems({ manifest, floor }: AgentConfig, start: PolicyStart): readonly string[] {
  if (manifest === null)
    return [
      'manifest: expected the manifest of an agent, got none; give what lies beside its model, as the server’s folder of models has it.',
    ]
  const names = start.domains.map((domain) => domain.name)
  const problems = [...manifestProblems(manifest), ...matchProblems(manifest.domains, names)]
  if (manifest.progress) problems.push(...shareProblems('manifest.progress', start.horizon))
  if (floor * names.length > 1)
    problems.push(
      `floor: expected at most 1/${names.length} with ${names.length} domains, got ${floor}; lower it.`,
    )
  return problems
}

function matchProblems(ofAgent: readonly string[], ofRun: readonly string[]): readonly string[] {
  const known = new Set(ofAgent)
  const present = new Set(ofRun)
  const unknown = ofRun.filter((name) => !known.has(name))
  const missing = ofAgent.filter((name) => !present.has(name))
  if (unknown.length + missing.length === 0) return []
  const only = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '))
  return [
    `manifest.domains: expected the ${ofRun.length} domains of this run, got ${ofAgent.length}; only in the run: ${only(unknown)}; only in the manifest: ${only(missing)}. Take an agent that was trained for these domains.`,
  ]
}
