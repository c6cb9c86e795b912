import type { AgentManifest } from './agent-manifest.js'
import type { AgentState } from './agent-state.js'
import type { AgentInputs } from '../policy.js'

/** What single precision still holds. */
const widest = 1e30

/** The history as the model is told of it: in the order of the manifest, feedback normalised. */
export function agentInputs(
  { feedback }: AgentManifest,
  { history, places, question }: AgentState,
): AgentInputs {
  const progress = question?.progress ?? null
  return {
    distributions: history.map(({ weights }) => {
      const row = new Array<number>(places.length).fill(0)
      places.forEach((place, i) => (row[place] = weights[i]!))
      return row
    }),
    feedback: history.map((entry) =>
      feedback.map(({ mean, scale }, m) => {
        const normalised = (entry.feedback[m]! - mean) / scale
        return Math.min(Math.max(normalised, -widest), widest) + 0
      }),
    ),
    ...(progress === null ? {} : { progress }),
  }
}
