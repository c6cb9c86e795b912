import type { AgentInputs, AgentManifest } from '@mixdesk/policies'

/** What a model is fed by name: values and shape, batch 1. */
export type Feeds = {
  readonly [input: string]: { readonly values: Float32Array; readonly shape: readonly number[] }
}

/**
 * The history in single precision: the newest entries, oldest first, padded on the left with zeros that the mask (1 = real)
 * tells from entries.
 */
export function feedsOf(
  {
    history,
    domains,
    feedback,
    progress,
  }: Pick<AgentManifest, 'history' | 'domains' | 'feedback' | 'progress'>,
  inputs: AgentInputs,
): Feeds {
  const entries = Math.min(inputs.distributions.length, history)
  const padded = (rows: readonly (readonly number[])[], width: number) => {
    const values = new Float32Array(history * width)
    rows.slice(rows.length - entries).forEach((row, t) => values.set(row, (history - entries + t) * width))
    return { values, shape: [1, history, width] }
  }
  return {
    history_distributions: padded(inputs.distributions, domains.length),
    history_feedback: padded(inputs.feedback, feedback.length),
    history_mask: { values: new Float32Array(history).fill(1, history - entries), shape: [1, history] },
    ...(progress ? { progress: { values: Float32Array.of(inputs.progress ?? 0), shape: [1, 1] } } : {}),
  }
}
